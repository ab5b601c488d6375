/// Why a request brought no complete answer.
package struct TransportError: Error, Equatable, Sendable, CustomStringConvertible {
    package var kind: Kind
    /// libcurl's sentence: names hosts, ports and certificates, never credentials (which it gets as options, not in the
    /// URL).
    package var detail: String
    /// What that means and what to do about it, in words of our own alone, where somebody has looked at it.
    package var advice: String?
    /// The proxy's own answer, where it refused to open a tunnel to the server (`CONNECT`).
    package var proxyStatus: Int?

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package var description: String { detail.isEmpty ? kind.rawValue : detail }

    /// What went wrong, as far as a caller acts on it.
    package enum Kind: String, Sendable, CaseIterable {
        /// Nobody listens there, or no route leads there.
        case refused
        /// The name does not resolve, or the name server is silent.
        case dns
        case tls
        case timeout
        /// The connection ended in the middle of the exchange, or the answer was no HTTP.
        case disconnected
        /// The answer is larger than the request allows.
        case tooLarge = "too_large"
        /// The receiver of a stream stopped it.
        case cancelled
        case other
    }
}
