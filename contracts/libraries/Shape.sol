// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry} from "../interfaces/IAuthorityRegistry.sol";

/// @title The shape of arguments
library Shape {
    /// @dev The largest integer that every reader can hold.
    uint64 internal constant MAX_INTEGER = 2 ** 53 - 1;

    function requireRange(uint64 value, uint64 least, uint64 most) internal pure {
        if (value < least || value > most) revert IAuthorityRegistry.BadNumber(value);
    }

    function requireLength(string calldata text, uint256 most) internal pure {
        if (bytes(text).length == 0 || bytes(text).length > most) revert IAuthorityRegistry.BadText(text);
    }

    /// @dev Exactly `length` characters of 0-9, or of 0-9 and A-Z.
    function requireCode(string memory text, uint256 length, bool withLetters) internal pure {
        bytes memory chars = bytes(text);
        bool good = chars.length == length;
        for (uint256 i = 0; good && i < length; i++) {
            bytes1 char = chars[i];
            good = (char >= "0" && char <= "9") || (withLetters && char >= "A" && char <= "Z");
        }
        if (!good) revert IAuthorityRegistry.BadText(text);
    }
}
