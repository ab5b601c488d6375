/// A double as Ruby's json gem (2.19) prints it, which the broker hashes.
///
/// The shortest digits that read back as the same value; plain notation up to 15 digits before the point or about ten
/// after it, an exponent beyond. The gem changed this form between releases (Tests/Fixtures/sha-vectors).
enum RubyFloat {
    /// - Returns: `nil` for a value that is not finite: the broker refuses such a contract.
    static func text(_ value: Double) -> String? {
        guard value.isFinite else { return nil }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0.0" }
        let (digits, exponent) = shortest(value.magnitude)
        let count = digits.count
        // The exponent in scientific notation: of the first digit instead of the last.
        let scientific = exponent + count - 1
        if exponent >= 0, scientific.magnitude < 15 {
            return sign + digits + String(repeating: "0", count: exponent) + ".0"
        }
        if exponent < 0, exponent > -7 || scientific.magnitude < 10 {
            let whole = count + exponent
            if whole <= 0 { return sign + "0." + String(repeating: "0", count: -whole) + digits }
            return sign + digits.prefix(whole) + "." + digits.dropFirst(whole)
        }
        let fraction = count > 1 ? "." + digits.dropFirst() : ""
        return sign + digits.prefix(1) + fraction + (scientific < 0 ? "e-" : "e+") + String(scientific.magnitude)
    }

    /// The shortest decimal digits of a positive double, without zeros at either end, and the power of ten of the last.
    ///
    /// Swift's `description` has them (SE-0329 keeps it the shortest that reads back); only the notation differs.
    private static func shortest(_ value: Double) -> (digits: String, exponent: Int) {
        let decimal = JSONDecimal(JSONNumber(checked: value.description))
        return (String(decoding: decimal.digits, as: UTF8.self), decimal.exponent)
    }
}
