/// The value of a JSON number as a decimal of any length, for comparisons without rounding.
struct JSONDecimal: Equatable {
    /// Whether a minus stands before it. The integer -0 is 0, as for the broker; the float -0.0 is not 0.0.
    private(set) var isNegative = false
    /// ASCII digits without zeros at either end; empty for zero.
    private(set) var digits: [UInt8] = []
    /// The power of ten of the last digit.
    private(set) var exponent = 0

    init(_ number: JSONNumber) {
        var fractionDigits = 0
        var isFraction = false
        var isFloat = false
        var rest = Array(number.lexeme.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): (isFraction, isFloat) = (true, true)
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponent = Self.exponent(rest)
                isFloat = true
                rest = []
            default:
                if isFraction { fractionDigits += 1 }
                digits.append(byte)
            }
        }
        exponent -= fractionDigits
        dropZeros()
        if digits.isEmpty {
            exponent = 0
            isNegative = isNegative && isFloat
        }
    }

    private mutating func dropZeros() {
        let zero = UInt8(ascii: "0")
        digits = Array(digits.drop { $0 == zero })
        while digits.last == zero {
            digits.removeLast()
            exponent += 1
        }
    }

    /// The written exponent, saturating far beyond any number a document can mean.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        let limit = 1 << 60
        let value = Int(String(decoding: text, as: UTF8.self))
        let saturated = text.first == UInt8(ascii: "-") ? -limit : limit
        return min(max(value ?? saturated, -limit), limit)
    }
}
