// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {ISM2} from "./interfaces/ISM2.sol";
import {ISM3} from "./interfaces/ISM3.sol";
import {Authorities} from "./registry/Authorities.sol";
import {KeyActs} from "./registry/KeyActs.sol";
import {Logs} from "./registry/Logs.sol";
import {Succession} from "./registry/Succession.sol";

/// @title AuthorityRegistry
/// @notice See IAuthorityRegistry. It computes key ids and log ids itself, and checks every signature that it asks for.
contract AuthorityRegistry is Succession {
    /// @param publicDelay_ Milliseconds; shorter than a proposal lives.
    constructor(
        IConsortium consortium_,
        ISM3 sm3,
        ISM2 sm2,
        string memory name,
        uint64 publicDelay_
    ) Authorities(consortium_, publicDelay_) KeyActs(sm2) Logs(sm3, name) {}
}
