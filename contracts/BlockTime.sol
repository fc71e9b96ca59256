// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The block's time in UTC milliseconds
/// @notice Chains count block time in seconds or in milliseconds. The unit is said once, and checked against the calendar.
abstract contract BlockTime {
    uint64 private constant YEAR_2020 = 1_577_836_800_000;
    uint64 private constant YEAR_2100 = 4_102_444_800_000;

    uint64 internal immutable MS_PER_UNIT;

    error BadUnit(uint64 msPerUnit, uint256 timestamp);

    /// @param unit Milliseconds in one unit of block.timestamp: 1000 where it counts seconds, 1 where it counts milliseconds.
    constructor(uint64 unit) {
        uint256 time = block.timestamp * unit;
        if (time < YEAR_2020 || time >= YEAR_2100) revert BadUnit(unit, block.timestamp);
        MS_PER_UNIT = unit;
    }

    function _blockTime() internal view returns (uint64) {
        return uint64(block.timestamp * MS_PER_UNIT);
    }
}
