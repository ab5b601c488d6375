/// A JSON number, kept as it was written.
///
/// Never through `Double`: `12345678901234567890`, `1.10` and `1e3` come out as they went in.
package struct JSONNumber: Hashable, Sendable {
    /// The characters of the number, valid JSON.
    package let lexeme: String

    /// Takes over a lexeme that the scanner has checked.
    init(checked lexeme: String) {
        self.lexeme = lexeme
    }

    package init(_ value: some FixedWidthInteger) {
        lexeme = String(value)
    }

    /// Whether it is written without fraction and exponent, which the broker tells apart from a float.
    package var isInteger: Bool {
        lexeme.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The value, if it is written as an integer and fits.
    package var int: Int? { Int(lexeme) }

    /// The nearest double; infinite beyond its range.
    package var double: Double { Double(lexeme) ?? .nan }

    /// Whether both mean the same value and the same kind of number.
    ///
    /// `1` and `1.0` differ, as they do for the broker's content SHA and for type matchers; `1.0`, `1.00` and `10e-1`
    /// are the same. Compared as decimals of any length.
    package func hasSameValue(as other: JSONNumber) -> Bool {
        lexeme == other.lexeme || (isInteger == other.isInteger && JSONDecimal(self) == JSONDecimal(other))
    }
}
