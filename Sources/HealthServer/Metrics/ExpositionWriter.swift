internal import Shared

/// Writes Prometheus' text format, version 0.0.4, straight into bytes.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []
    private var prefix: [UInt8] = []
    private var labels: [[UInt8]] = []

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    /// HELP and TYPE, then the samples that `write` adds.
    mutating func family(_ family: MetricFamily, _ write: (inout ExpositionWriter) -> Void) {
        bytes += Array("# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n".utf8)
        prefix = Array(family.name.utf8)
        labels = family.labels.map { Array($0.utf8) }
        write(&self)
    }

    /// A sample whose value is a whole number.
    mutating func sample(_ values: String..., value: Int) {
        head(values)
        end(Self.text(value))
    }

    mutating func sample(_ values: String..., isTrue: Bool) {
        head(values)
        end(isTrue ? "1" : "0")
    }

    /// A moment as Unix time in seconds.
    mutating func sample(_ values: String..., unix milliseconds: Int64) {
        head(values)
        end(Self.seconds(Int(milliseconds), digits: 3))
    }

    /// The cumulative buckets, the sum and the count of a histogram.
    mutating func histogram(_ histogram: Histogram, _ values: String...) {
        var count = 0
        for (index, inBucket) in histogram.counts.enumerated() {
            count += inBucket
            let bound =
                index < histogram.bounds.count ? Self.seconds(histogram.bounds[index], digits: 6) : "+Inf"
            head(values, suffix: "_bucket", bound: bound)
            end(Self.text(count))
        }
        head(values, suffix: "_sum")
        end(Self.seconds(histogram.sum, digits: 6))
        head(values, suffix: "_count")
        end(Self.text(count))
    }

    private mutating func head(_ values: [String], suffix: StaticString = "", bound: String? = nil) {
        precondition(values.count == labels.count, "one value for each label")
        bytes += prefix
        suffix.withUTF8Buffer { bytes.append(contentsOf: $0) }
        var separator = UInt8(ascii: "{")
        for (name, value) in zip(labels, values) {
            bytes.append(separator)
            bytes += name
            bytes.append(contentsOf: [UInt8(ascii: "="), UInt8(ascii: "\"")])
            escape(value)
            bytes.append(UInt8(ascii: "\""))
            separator = UInt8(ascii: ",")
        }
        if let bound {
            bytes.append(separator)
            bytes += Array("le=\"\(bound)\"".utf8)
        }
        if bound != nil || !values.isEmpty { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: " "))
    }

    private mutating func end(_ value: String) {
        bytes.append(contentsOf: value.utf8)
        bytes.append(0x0A)
    }

    /// Backslash, quotation mark and line feed; everything else stands for itself.
    private mutating func escape(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            default: bytes.append(byte)
            }
        }
    }

    private static func text(_ value: Int) -> String { String(value) }

    /// `value` of 10^-digits seconds as a decimal number without superfluous zeros: no rounding as with a Double.
    static func seconds(_ value: Int, digits: Int) -> String {
        let unit = (0..<digits).reduce(1) { product, _ in product * 10 }
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: UInt(unit))
        var text = (value < 0 ? "-" : "") + String(whole)
        guard rest > 0 else { return text }
        let fraction = String(rest)
        text += "." + String(repeating: "0", count: digits - fraction.count) + fraction
        while text.last == "0" { text.removeLast() }
        return text
    }
}
