internal import CCurl
internal import Shared

/// One request in flight: the curl handle and all memory that curl holds pointers into.
final class Transfer {
    /// Header bytes of one answer; the broker's are below 1 KiB.
    static let headerLimit = 256 * 1024

    let id: TransferID
    let easy: UnsafeMutableRawPointer
    private let errorText: UnsafeMutableBufferPointer<CChar>
    private let requestBody: UnsafeMutableRawBufferPointer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let responseLimit: Int
    private let cutsResponse: Bool
    private let onChunk: StreamReceiver?

    /// The receiver was called since the loop last asked.
    var hasStreamed = false
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var body: [UInt8] = []
    /// Why a callback stopped the transfer.
    private var stopped: TransportError?

    /// Sets everything up; nothing is sent yet.
    init(_ request: HTTPRequest, id: TransferID, onChunk: StreamReceiver?) throws(TransportError) {
        guard let easy = curl_easy_init() else { throw TransportError(.other, "libcurl could not make a handle") }
        self.id = id
        self.easy = easy
        self.onChunk = onChunk
        responseLimit = request.responseLimit
        cutsResponse = request.cutsResponse
        errorText = .allocate(capacity: ccurl_error_size())
        errorText.initialize(repeating: 0)
        let bytes = request.body ?? []
        requestBody = .allocate(byteCount: max(1, bytes.count), alignment: 1)
        requestBody.copyBytes(from: bytes)
        try configure(request, bodySize: bytes.count)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
        requestBody.deallocate()
    }

    /// The transfer's end as curl reported it.
    func finish(_ code: CURLcode) -> Result<HTTPResponse, TransportError> {
        if let stopped { return .failure(stopped) }
        let handle = easy
        guard code == CURLE_OK else {
            var number = 0
            ccurl_get_os_errno(handle, &number)
            let text = String(decoding: errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            var proxyStatus = 0
            ccurl_get_connect_status(handle, &proxyStatus)
            var error = TransportError(curl: code, text: text, systemError: number)
            if proxyStatus >= 300 { error.proxyStatus = proxyStatus }
            return .failure(error)
        }
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    private var status: Int {
        var status = 0
        ccurl_get_status(easy, &status)
        return status
    }

    private func receivedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Transfer.headerLimit else {
            stopped = TransportError(.tooLarge, "the answer's headers are longer than \(Transfer.headerLimit) bytes")
            return false
        }
        headers.take(line: line)
        // The empty line at the end. A stream's receiver learns of the answer although no body may follow for minutes.
        guard let onChunk, line.count <= 2, status >= 200 else { return true }
        return hand(UnsafeRawBufferPointer(rebasing: line[..<0]), to: onChunk)
    }

    private func hand(_ bytes: UnsafeRawBufferPointer, to receiver: StreamReceiver) -> Bool {
        hasStreamed = true
        if receiver(HTTPStreamPart(status: status, headers: headers, bytes: bytes)) { return true }
        stopped = TransportError(.cancelled, "stopped by the receiver")
        return false
    }

    private func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let onChunk { return hand(bytes, to: onChunk) }
        let room = responseLimit - body.count
        if cutsResponse, bytes.count > room {
            // The rest is received and forgotten: ending the transfer here would cost the connection.
            body.append(contentsOf: bytes.prefix(max(0, room)))
            return true
        }
        guard bytes.count <= room else {
            stopped = TransportError(.tooLarge, "the answer is longer than \(responseLimit) bytes")
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func configure(_ request: HTTPRequest, bodySize: Int) throws(TransportError) {
        let handle = easy
        try set("common options", ccurl_set_common(handle))
        try set("error buffer", ccurl_set_error_buffer(handle, errorText.baseAddress))
        try set("URL", ccurl_set_url(handle, request.url))
        try set("user agent", ccurl_set_user_agent(handle, "pact-mocks-manager/\(BuildVersion.number)"))
        if request.body != nil {
            try set("body", ccurl_set_post(handle, requestBody.baseAddress, curl_off_t(bodySize)))
        }
        if request.method != .get || request.body != nil {
            try set("method", ccurl_set_method(handle, request.method.rawValue))
        }
        // Without this curl waits a second for "100 Continue" before a body, which no Pact Broker sends.
        appendHeader("Expect:")
        for (name, value) in request.headers { appendHeader("\(name): \(value)") }
        try set("headers", ccurl_set_headers(handle, headerList))
        try set("connect timeout", ccurl_set_connect_timeout(handle, Int(request.connectTimeout.milliseconds)))
        if let timeout = request.timeout {
            try set("timeout", ccurl_set_timeout(handle, max(1, Int(timeout.milliseconds))))
        }
        if request.allowsHTTP2 { try set("HTTP/2", ccurl_allow_http2(handle)) }
        if request.acceptsGzip { try set("compression", ccurl_accept_gzip(handle)) }
        if request.needsNewConnection { try set("new connection", ccurl_set_new_connection(handle)) }
        switch request.credentials {
        case .none: break
        case .basic(let username, let password):
            try set("credentials", ccurl_set_basic(handle, username, password))
        case .bearer(let token): try set("credentials", ccurl_set_bearer(handle, token))
        }
        try connect(handle, request.connection)
        try setCallbacks(handle)
    }

    private func connect(
        _ handle: UnsafeMutableRawPointer,
        _ connection: HTTPConnectionSettings
    ) throws(TransportError) {
        if !connection.caFile.isEmpty { try set("CA file", ccurl_set_ca_file(handle, connection.caFile)) }
        if !connection.clientCertificateFile.isEmpty {
            let code = ccurl_set_client_certificate(handle, connection.clientCertificateFile, connection.clientKeyFile)
            try set("client certificate", code)
        }
        try set("proxy", ccurl_set_proxy(handle, connection.proxy?.url ?? ""))
        if let credentials = connection.proxy?.credentials {
            let code = ccurl_set_proxy_basic(handle, credentials.username, credentials.password)
            try set("proxy credentials", code)
        }
    }

    private func setCallbacks(_ handle: UnsafeMutableRawPointer) throws(TransportError) {
        // Unretained is safe: the multi handle's owner keeps this object until the easy handle is removed from it.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let body: curl_write_callback = { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receivedBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        let header: curl_write_callback = { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        try set("body callback", ccurl_set_body_callback(handle, body, context))
        try set("header callback", ccurl_set_header_callback(handle, header, context))
    }

    private func appendHeader(_ line: String) { headerList = curl_slist_append(headerList, line) }

    private func set(_ what: String, _ code: CURLcode) throws(TransportError) {
        guard code != CURLE_OK else { return }
        throw TransportError(.other, "\(what): \(String(cString: curl_easy_strerror(code)))")
    }
}
