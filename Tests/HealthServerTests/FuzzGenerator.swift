/// Inputs made from seeds by changes that an attacker or a broken disk might make; the same for the same seed.
struct FuzzGenerator {
    private var random: SplitMix
    private let seeds: [[UInt8]]
    private let words: [[UInt8]]

    init(seed: UInt64, seeds: [[UInt8]], words: [String]) {
        random = SplitMix(state: seed)
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
    }

    static let requestWords = [
        "\r\n", "\r\n\r\n", "\n", "\u{0}", "%00", "%2F", "%c0%af", "%", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "GET ",
        "HEAD ",
        "POST ", "/providers/", "/ready", "?wait=300s", "&", "verbose", "exclude=broker", "provider=", "fallback=1s",
        "Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Expect: 100-continue\r\n",
        "0\r\n\r\n", "FFFFFFFFFFFFFFFF", ": ", " ", "\t", "../", "http://",
    ]

    static let stateWords = [
        "null", "true", "[]", "{}", "\"\"", "-1", "9223372036854775807", "1e400", "\"run-0\"", "\"run-1\"",
        "\"Pending\"",
        "\"ready\"", "\"lost\"", "\"missing\"", "\"unknown\"", "\\u0000", "\\ud800", "\"\\u2028\"", ",", ":", "0",
        "18446744073709551616",
    ]

    mutating func next() -> [UInt8] {
        var bytes = pick(seeds)
        if below(50) == 0 { bytes = (0..<below(200)).map { _ in UInt8(below(256)) } }
        for _ in 0..<below(5) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = below(bytes.count + 1)
        switch below(8) {
        case 0: bytes.removeSubrange(place..<min(bytes.count, place + below(12)))
        case 1: bytes.insert(contentsOf: pick(words), at: place)
        case 2:
            let word = pick(words)
            bytes.replaceSubrange(place..<min(bytes.count, place + word.count), with: word)
        case 3: if place < bytes.count { bytes[place] = UInt8(below(256)) }
        case 4: if place < bytes.count { bytes[place] ^= 1 << UInt8(below(8)) }
        case 5: bytes.append(contentsOf: pick(seeds).dropFirst())
        case 6:
            let part = bytes[place..<min(bytes.count, place + below(40))]
            bytes.insert(contentsOf: Array(part), at: below(bytes.count + 1))
        default: bytes.removeSubrange(place...)
        }
    }

    private mutating func below(_ bound: Int) -> Int { bound <= 0 ? 0 : Int(random.next() % UInt64(bound)) }

    private mutating func pick(_ list: [[UInt8]]) -> [UInt8] { list.isEmpty ? [] : list[below(list.count)] }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    private struct SplitMix {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
