import Shared

/// What a service account's token says of itself. Nobody here checks its signature: that is the API's business.
struct TokenClaims: Equatable, Sendable {
    /// Seconds since 1970 (`exp`, RFC 7519 section 4.1.4).
    var expiry: Int?
    /// `NAMESPACE/NAME`, from `sub`.
    var serviceAccount: String?

    /// - Returns: `nil` if there is no file or its content is no JWT.
    init?(file: String) {
        guard !file.isEmpty, case .success(let bytes) = Settings.readSmallFile(file) else { return nil }
        self.init(token: Secret.text(ofFile: bytes))
    }

    init?(token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        // RFC 7515: base64url without padding.
        var text = parts[1].utf8
            .map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        guard let bytes = Base64.decode(text), let json = try? JSONReader.parse(bytes), json.object != nil else {
            return nil
        }
        expiry = json["exp"]?.int
        let subject = json["sub"]?.string?.split(separator: ":") ?? []
        if subject.count == 4, subject[0] == "system", subject[1] == "serviceaccount" {
            serviceAccount = "\(subject[2])/\(subject[3])"
        }
    }
}
