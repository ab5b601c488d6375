internal import Shared

/// One HTTP request with its limits. Redirects are never followed.
package struct HTTPRequest: Sendable {
    /// The methods in use here; HEAD is 405 at every path of a Pact Broker.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
    }

    package var method: Method
    /// Absolute, percent-encoded, http or https, without credentials.
    package var url: String
    /// Sent as they are; neither names nor values may hold line breaks.
    package var headers: [(name: String, value: String)]
    /// `nil` for a request without a body.
    package var body: [UInt8]?
    package var credentials: HTTPCredentials
    package var connection: HTTPConnectionSettings
    package var connectTimeout: Duration
    /// From start to the last byte of the answer; `nil` for a stream that may last for ever.
    package var timeout: Duration?
    /// HTTP/2 where TLS agrees on it; otherwise HTTP/1.1 alone.
    package var allowsHTTP2: Bool
    /// Takes the answer compressed; limits count what it is without that.
    package var acceptsGzip: Bool
    /// Opens a connection of its own, however many there are: one of them may be dead without saying so.
    package var needsNewConnection: Bool
    /// The largest answer body in bytes; a longer one is ``TransportError/Kind/tooLarge``. Not applied to streams.
    package var responseLimit: Int
    /// A longer answer body is cut instead: its status says all that matters.
    package var cutsResponse: Bool

    package init(
        _ method: Method,
        _ url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        credentials: HTTPCredentials = .none,
        connection: HTTPConnectionSettings = HTTPConnectionSettings(),
        connectTimeout: Duration = .seconds(5),
        timeout: Duration? = .seconds(30),
        responseLimit: Int = 1024 * 1024,
        cutsResponse: Bool = false,
        allowsHTTP2: Bool = false,
        acceptsGzip: Bool = false,
        needsNewConnection: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.credentials = credentials
        self.connection = connection
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.responseLimit = responseLimit
        self.cutsResponse = cutsResponse
        self.allowsHTTP2 = allowsHTTP2
        self.acceptsGzip = acceptsGzip
        self.needsNewConnection = needsNewConnection
    }
}
