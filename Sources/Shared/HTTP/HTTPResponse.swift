/// A complete answer.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Header fields; names compare without regard to case (RFC 9110, section 5.1).
package struct HTTPHeaders: Sendable, Equatable {
    /// In the order received, names in lower case.
    package private(set) var fields: [Field] = []

    /// One field.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package init(_ fields: [(String, String)] = []) {
        for (name, value) in fields { append(name, value) }
    }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercased(), value: value))
    }

    /// The first value of `name`.
    package subscript(name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name == name }?.value
    }

    /// Takes one header line as libcurl hands it over, line break included. A status line starts a new set: what came
    /// before belonged to an interim answer (100 Continue) or to a proxy's.
    mutating func take(line: UnsafeRawBufferPointer) {
        var bytes = line[...]
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes = bytes.dropLast() }
        if bytes.starts(with: Array("HTTP/".utf8)) {
            fields = []
            return
        }
        guard let colon = bytes.firstIndex(of: 0x3A) else { return }
        var value = bytes[bytes.index(after: colon)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
        append(String(decoding: bytes[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
