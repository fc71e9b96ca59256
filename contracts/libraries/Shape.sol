// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuthorityRegistry} from "../interfaces/IAuthorityRegistry.sol";

/// @title The shape of arguments
library Shape {
    /// @dev The largest integer that every reader can hold.
    uint64 internal constant MAX_INTEGER = 2 ** 53 - 1;

    // Sets of ASCII characters: the bit with a character's number is set.
    uint256 internal constant DIGITS = 0x3ff << 48;
    uint256 internal constant CODE = DIGITS | (0x3ffffff << 65);
    uint256 internal constant NAME = DIGITS | (0x3ffffff << 97) | (1 << 45);
    uint256 internal constant PURPOSE = NAME | (1 << 46);

    function requireRange(uint64 value, uint64 least, uint64 most) internal pure {
        if (value < least || value > most) revert IAuthorityRegistry.BadNumber(value);
    }

    /// @dev From `least` to `most` characters, all of them in `set`.
    function requireText(string memory text, uint256 least, uint256 most, uint256 set) internal pure {
        if (!isText(bytes(text), 0, least, most, set)) revert IAuthorityRegistry.BadText(text);
    }

    /// @dev Whether what follows the first `skip` bytes is from `least` to `most` characters, all of them in `set`.
    function isText(bytes memory text, uint256 skip, uint256 least, uint256 most, uint256 set) internal pure returns (bool) {
        if (text.length < skip + least || text.length > skip + most) return false;
        for (uint256 i = skip; i < text.length; i++) {
            if ((set >> uint8(text[i])) & 1 == 0) return false;
        }
        return true;
    }

    /// @dev A unified social credit code as far as the chain looks at it: 18 characters of 0-9 and A-Z.
    function isCode(bytes18 code) internal pure returns (bool) {
        return isText(abi.encodePacked(code), 0, 18, 18, CODE);
    }

    /// @dev Whether the GB/T 2260 region `narrow` is `wide` or lies in it: they nest by pairs of digits, 00 meaning all below.
    function isWithin(bytes6 narrow, bytes6 wide) internal pure returns (bool) {
        uint256 shift = 0;
        while (shift < 48 && uint16(uint48(wide) >> shift) == 0x3030) shift += 16;
        return uint48(narrow) >> shift == uint48(wide) >> shift;
    }
}
