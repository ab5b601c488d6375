internal import Glibc

/// `NO_PROXY`: hosts that are reached without the proxy.
///
/// Entries are separated by commas or spaces: `*` for all; a name, which also stands for all names below it, with or
/// without a `.` or `*.` before it; an address; a range such as `10.0.0.0/8`. Each but `*` and a range may end in
/// `:port`. Decided here and not by libcurl because its rules differ between versions (ranges since 7.86) and because
/// a message must know whether the proxy was asked.
struct ProxyExceptions {
    private let entries: [Substring]

    init(_ text: String) {
        entries = text.split { $0 == "," || $0.isWhitespace }
    }

    func contain(_ url: BaseURL) -> Bool {
        let name = ProxyExceptions.plain(url.host[...])
        let target = Target(name: name, address: IPAddress(name), port: "\(url.port)")
        return entries.contains { ProxyExceptions.matches($0, target) }
    }

    private struct Target {
        var name: String
        var address: IPAddress?
        var port: Substring
    }

    private static func matches(_ entry: Substring, _ target: Target) -> Bool {
        if entry == "*" { return true }
        if let slash = entry.firstIndex(of: "/") {
            let bits = Int(entry[entry.index(after: slash)...])
            guard let bits, let network = IPAddress(plain(entry[..<slash])), let address = target.address else {
                return false
            }
            return address.isInside(network, bits: bits)
        }
        let (host, port) = parts(of: entry)
        if let port, port != target.port { return false }
        var name = plain(host)
        if target.address != nil { return IPAddress(name) == target.address }
        if name.hasPrefix("*") { name.removeFirst() }
        if name.hasPrefix(".") { name.removeFirst() }
        return !name.isEmpty && (target.name == name || target.name.hasSuffix(".\(name)"))
    }

    /// Host and port; an IPv6 address without brackets has no port.
    private static func parts(of text: Substring) -> (host: Substring, port: Substring?) {
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            let after = text[text.index(after: close)...]
            return (text[...close], after.hasPrefix(":") ? after.dropFirst() : nil)
        }
        guard let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") else { return (text, nil) }
        return (text[..<colon], text[text.index(after: colon)...])
    }

    /// In small letters, without brackets and without the dot at the end of a full name.
    private static func plain(_ text: Substring) -> String {
        var text = text.lowercased()
        if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}

/// An address in network byte order: 4 or 16 bytes.
private struct IPAddress: Equatable {
    var bytes: [UInt8]

    init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            bytes = withUnsafeBytes(of: v6) { Array($0) }
        } else {
            return nil
        }
    }

    func isInside(_ network: IPAddress, bits: Int) -> Bool {
        guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(bits) else { return false }
        for (index, (ours, theirs)) in zip(bytes, network.bytes).enumerated() {
            let left = bits - index * 8
            if left <= 0 { return true }
            let mask = left >= 8 ? UInt8.max : ~(UInt8.max >> UInt8(left))
            if ours & mask != theirs & mask { return false }
        }
        return true
    }
}
