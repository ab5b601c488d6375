/// A strict reader of Prometheus' text format 0.0.4, stricter than Prometheus itself: HELP and TYPE of a family first and
/// once, its samples right after them, no sample twice, histograms complete and cumulative, a line feed at the end.
package struct PrometheusText {
    package struct Sample: Equatable, Sendable {
        package var name: String
        package var labels: [(name: String, value: String)]
        package var value: Double

        package subscript(label: String) -> String? { labels.first { $0.name == label }?.value }

        package static func == (a: Sample, b: Sample) -> Bool {
            a.name == b.name && a.value == b.value && a.labels.map(\.name) == b.labels.map(\.name)
                && a.labels.map(\.value) == b.labels.map(\.value)
        }
    }

    package struct Family: Sendable {
        package var name: String
        package var help: String
        package var type: String
        package var samples: [Sample] = []
    }

    package struct Malformed: Error, CustomStringConvertible {
        package var line: Int
        package var description: String
    }

    package private(set) var families: [Family] = []

    package init(_ text: String) throws {
        guard text.utf8.last == 0x0A else { throw Malformed(line: 0, description: "no line feed at the end") }
        // A line ends with a line feed alone; Swift takes CR LF for one character.
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        var pendingHelp: (name: String, text: String)?
        for (index, bytes) in lines.enumerated() {
            var line = Line(bytes: Array(bytes), number: index + 1)
            if line.take("# HELP ") {
                guard pendingHelp == nil else { throw line.malformed("HELP after HELP") }
                let name = try line.name()
                try line.require(" ")
                pendingHelp = (name, try line.unescaped(until: nil, escapes: ["\\": "\\", "n": "\n"]))
            } else if line.take("# TYPE ") {
                let name = try line.name()
                try line.require(" ")
                let type = String(decoding: line.rest, as: UTF8.self)
                guard ["counter", "gauge", "histogram"].contains(type) else { throw line.malformed("type \(type)") }
                guard let help = pendingHelp, help.name == name else { throw line.malformed("TYPE without its HELP") }
                guard !families.contains(where: { $0.name == name }) else { throw line.malformed("\(name) twice") }
                families.append(Family(name: name, help: help.text, type: type))
                pendingHelp = nil
            } else {
                guard pendingHelp == nil, let family = families.last else {
                    throw line.malformed("sample without TYPE")
                }
                let sample = try line.sample()
                let suffixes = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { family.name + $0 == sample.name }) else {
                    throw line.malformed("\(sample.name) among the samples of \(family.name)")
                }
                families[families.count - 1].samples.append(sample)
            }
        }
        if let pendingHelp { throw Malformed(line: lines.count, description: "HELP \(pendingHelp.name) alone") }
        for family in families { try Self.check(family) }
    }

    package subscript(name: String) -> Family? { families.first { $0.name == name } }

    /// The value of the one sample with these labels.
    package func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let base = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) }
        let family = self[name] ?? base.flatMap { self[$0] }
        let found = (family?.samples ?? [])
            .filter { sample in
                sample.name == name && sample.labels.count == labels.count
                    && labels.allSatisfy { sample[$0.key] == $0.value }
            }
        return found.count == 1 ? found[0].value : nil
    }

    private static func check(_ family: Family) throws {
        func malformed(_ text: String) -> Malformed { Malformed(line: 0, description: "\(family.name): \(text)") }
        // Bytes, not Swift's equality of texts: differently composed characters are different labels.
        func key(_ sample: Sample) -> [[UInt8]] {
            [Array(sample.name.utf8)]
                + sample.labels.sorted { $0.name < $1.name }.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }
        }
        let keys = Set(family.samples.map(key))
        guard keys.count == family.samples.count else { throw malformed("a sample twice") }
        if family.type == "counter" {
            guard family.name.hasSuffix("_total"), family.samples.allSatisfy({ $0.value >= 0 }) else {
                throw malformed("a counter is called _total and is never negative")
            }
        }
        guard family.type == "histogram" else { return }
        var series: [[[UInt8]]: [Sample]] = [:]
        for sample in family.samples {
            let labels = sample.labels.filter { $0.name != "le" }
            series[labels.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] }, default: []].append(sample)
        }
        for samples in series.values {
            let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
            let bounds = buckets.compactMap { $0["le"] }.map { $0 == "+Inf" ? Double.infinity : Double($0) ?? .nan }
            let sum = samples.filter { $0.name.hasSuffix("_sum") }
            let count = samples.filter { $0.name.hasSuffix("_count") }
            guard bounds.count == buckets.count, bounds.last == .infinity, zip(bounds, bounds.dropFirst()).allSatisfy(<)
            else { throw malformed("bounds \(bounds)") }
            guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0.value <= $1.value }) else {
                throw malformed("buckets are not cumulative")
            }
            guard sum.count == 1, count.count == 1, count[0].value == buckets.last?.value else {
                throw malformed("sum and count")
            }
        }
    }

    /// One line, read from its beginning.
    private struct Line {
        let bytes: [UInt8]
        let number: Int
        var position = 0

        init(bytes: [UInt8], number: Int) {
            self.bytes = bytes
            self.number = number
        }

        var rest: ArraySlice<UInt8> { bytes[position...] }

        func malformed(_ text: String) -> Malformed {
            Malformed(line: number, description: "line \(number): \(text): \(String(decoding: bytes, as: UTF8.self))")
        }

        mutating func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            position += text.utf8.count
            return true
        }

        mutating func require(_ text: String) throws {
            guard take(text) else { throw malformed("'\(text)' expected at \(position)") }
        }

        mutating func name() throws -> String {
            let start = position
            while position < bytes.count, isNameByte(bytes[position], isFirst: position == start) { position += 1 }
            guard position > start else { throw malformed("a name expected at \(start)") }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): !isFirst
            default: false
            }
        }

        /// Up to `end`, which is taken, or to the end of the line.
        mutating func unescaped(until end: Character?, escapes: [Character: String]) throws -> String {
            var text: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if let end, byte == end.asciiValue { return try decoded(text) }
                guard byte == UInt8(ascii: "\\") else {
                    text.append(byte)
                    continue
                }
                guard position < bytes.count, let plain = escapes[Character(Unicode.Scalar(bytes[position]))] else {
                    throw malformed("an escape that does not exist at \(position)")
                }
                position += 1
                text += Array(plain.utf8)
            }
            guard end == nil else { throw malformed("a text without an end") }
            return try decoded(text)
        }

        private func decoded(_ text: [UInt8]) throws -> String {
            guard let string = String(validating: text, as: UTF8.self) else { throw malformed("not UTF-8") }
            return string
        }

        mutating func sample() throws -> Sample {
            let name = try name()
            var labels: [(name: String, value: String)] = []
            if take("{") {
                repeat {
                    let label = try self.name()
                    try require("=\"")
                    let value = try unescaped(until: "\"", escapes: ["\\": "\\", "\"": "\"", "n": "\n"])
                    guard !labels.contains(where: { $0.name == label }) else { throw malformed("\(label) twice") }
                    labels.append((label, value))
                } while take(",")
                try require("}")
            }
            try require(" ")
            let text = String(decoding: rest, as: UTF8.self)
            guard let value = Double(text), value.isFinite, !text.contains(" ") else {
                throw malformed("the value '\(text)'")
            }
            return Sample(name: name, labels: labels, value: value)
        }
    }
}
