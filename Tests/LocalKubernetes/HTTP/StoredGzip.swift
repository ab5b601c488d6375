/// A gzip stream (RFC 1952) of stored blocks: no smaller, but what every decoder takes for gzip.
enum StoredGzip {
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        // Deflate, no flags, no time, no extra flags, Unix.
        var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        result.reserveCapacity(bytes.count + bytes.count / 65_535 * 5 + 32)
        var start = 0
        repeat {
            let end = min(start + 65_535, bytes.count)
            let length = UInt16(end - start)
            result.append(end == bytes.count ? 1 : 0)
            append(length, to: &result)
            append(~length, to: &result)
            result += bytes[start..<end]
            start = end
        } while start < bytes.count
        append(checksum(bytes), to: &result)
        append(UInt32(truncatingIfNeeded: bytes.count), to: &result)
        return result
    }

    /// CRC-32 as gzip uses it: reflected, polynomial 0xEDB88320.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }

    private static let table: [UInt32] = (0..<256)
        .map { start in
            (0..<8).reduce(UInt32(start)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        }

    private static func append(_ value: some FixedWidthInteger, to result: inout [UInt8]) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            result.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
