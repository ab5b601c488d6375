internal import CCurl
internal import Glibc

extension TransportError {
    /// Translates a libcurl result (https://curl.se/libcurl/c/libcurl-errors.html).
    init(curl code: CURLcode, text: String, systemError: Int) {
        let text = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        self.init(TransportError.kind(of: code, text: text), TransportError.sentence(text, systemError))
    }

    private static func kind(of code: CURLcode, text: String) -> Kind {
        switch code {
        case CURLE_COULDNT_CONNECT: .refused
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
        // The phase is only in the text; in a version that words it differently it is an ordinary time-out.
        case CURLE_OPERATION_TIMEDOUT: text.hasPrefix("Resolving") ? .dns : .timeout
        // A server that goes away in the middle of the handshake says nothing about certificates.
        case CURLE_SSL_CONNECT_ERROR where isCut(text): .disconnected
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS:
            .tls
        // In TLS 1.3 the server judges our certificate after our side of the handshake is over: what it says comes with
        // the first read or write.
        case CURLE_SEND_ERROR where isAlert(text), CURLE_RECV_ERROR where isAlert(text): .tls
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
            CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING, CURLE_PROXY:
            .disconnected
        default: .other
        }
    }

    private static func isAlert(_ text: String) -> Bool { text.contains("SSL routines") && text.contains(" alert ") }

    /// OpenSSL's words for a connection that ended: with a reset, with a FIN.
    private static func isCut(_ text: String) -> Bool {
        text.contains("SSL_ERROR_SYSCALL") || text.contains("unexpected eof while reading")
    }

    /// How long it took is another number each time; the same failure is to be the same sentence.
    static func withoutTimes(_ text: String) -> String {
        var words: [Substring] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            words.append(word)
            let unit = word.prefix { $0.isLetter }
            guard unit == "ms" || unit == "milliseconds", words.count > 3, words[words.count - 3] == "after",
                words[words.count - 2].allSatisfy(\.isNumber)
            else { continue }
            words.removeLast(3)
            words[words.count - 1] += word.dropFirst(unit.count)
        }
        return words.joined(separator: " ")
    }

    private static func sentence(_ text: String, _ systemError: Int) -> String {
        let text = withoutTimes(text)
        guard systemError > 0, systemError != EINPROGRESS else { return text }
        let reason = String(cString: strerror(Int32(systemError)))
        return text.hasSuffix(reason) ? text : "\(text) (\(reason))"
    }
}
