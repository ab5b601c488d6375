/// The base URL of a server, taken apart just far enough to be used and shown safely.
package struct BaseURL: Equatable, Sendable, CustomStringConvertible {
    /// `http` or `https`.
    package var scheme: String
    /// `host`, `host:port` or `[v6]:port`.
    package var authority: String
    /// Empty, or a path that starts with `/` and does not end with one.
    package var basePath: String
    /// `user:password` from the URL, percent-decoded; never shown.
    package var credentials: Credentials?

    /// A user and a password.
    package struct Credentials: Equatable, Sendable {
        package var username: String
        package var password: String

        package init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// The name or address, without brackets.
    package var host: String { BaseURL.parts(authority).host }

    /// `nil`: the scheme's own.
    var explicitPort: UInt16? { BaseURL.parts(authority).port }

    /// As it is written there, or the scheme's own.
    package var port: UInt16 { explicitPort ?? (scheme == "https" ? 443 : 80) }

    /// Without credentials.
    package var description: String { "\(scheme)://\(authority)\(basePath)" }

    /// The URL of `path`, which starts with `/`.
    package func url(_ path: String) -> String { description + path }

    /// - Returns: `nil` unless it is an http or https URL with a host, without query and fragment.
    package init?(_ text: String) {
        guard let separator = text.range(of: "://") else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = text[separator.upperBound...]
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace || $0.isNewline }) else { return nil }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        basePath = String(rest[slash...])
        while basePath.hasSuffix("/") { basePath.removeLast() }
        rest = rest[..<slash]
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = percentDecoded(parts[0]), let word = percentDecoded(parts.count > 1 ? parts[1] : "") else {
                return nil
            }
            credentials = Credentials(username: user, password: word)
            rest = rest[rest.index(after: at)...]
        }
        authority = String(rest)
        guard BaseURL.isAuthority(rest) else { return nil }
    }

    /// - Parameter authority: One that ``isAuthority(_:)``.
    private static func parts(_ authority: String) -> (host: String, port: UInt16?) {
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            let after = authority[close...].dropFirst()
            return (String(authority[..<close].dropFirst()), UInt16(after.dropFirst()))
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (String(authority[..<colon]), UInt16(authority[colon...].dropFirst()))
    }

    private static func isAuthority(_ text: Substring) -> Bool {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return false }
            host = text[text.index(after: text.startIndex)..<close]
            let after = text[text.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else { return false }
            port = after.isEmpty ? nil : after.dropFirst()
            guard host.contains(":") else { return false }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != 0x5B && $0 != 0x5D }) else {
            return false
        }
        guard let port else { return true }
        return UInt16(port).map { $0 > 0 } ?? false
    }
}

private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == 0x25 else {
            bytes.append(byte)
            continue
        }
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}

extension StringProtocol {
    /// The first place where `text` occurs; FoundationEssentials has no literal search without a locale.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
