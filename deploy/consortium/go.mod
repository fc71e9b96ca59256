// Only pins what `consortium.ts build` builds; there is no Go code of ours. Not for `go mod tidy`, which would empty it.
module consortium

go 1.26

toolchain go1.26.8

require (
	github.com/ethereum/go-ethereum v1.13.15
	github.com/kaiachain/kaia v1.0.3
	// Kaia asks for 0.3.11, which does not compile with this Go.
	github.com/supranational/blst v0.3.14
)
