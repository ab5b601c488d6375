internal import Glibc

/// The real `local-broker` as a child process: started on a free port, stopped with this object.
///
/// No broker outlives the test run: it also stops when its standard input, a pipe from here, closes.
package final class LocalBrokerProcess: Sendable {
    /// For example `http://127.0.0.1:41234`.
    package let url: String
    /// Sends the credentials given at the start, if any.
    package let client: TestHTTPClient

    private let process: TestChildProcess

    /// Starts the broker and waits until it listens.
    ///
    /// - Parameters:
    ///   - arguments: Further options, for example `["--directory", path]` or `["--start-delay", "2"]`.
    ///   - port: 0 takes a free one; a number brings a stopped broker back at its old address.
    ///   - username: Empty for a broker without credentials.
    ///   - limit: How long it may take to listen, its start delay included.
    /// - Throws: ``TestSupportError`` `missingProduct`, `spawnFailed`, or `childFailed` with what it said.
    package init(
        arguments: [String] = [],
        port: UInt16 = 0,
        username: String = "",
        password: String = "",
        within limit: Duration = .seconds(20)
    ) throws {
        var all = ["--port", String(port), "--until-stdin-closes", "--quiet"]
        var headers: [(name: String, value: String)] = []
        if !username.isEmpty {
            all += ["--username", username, "--password", password]
            headers.append(("Authorization", "Basic \(Self.base64(Array("\(username):\(password)".utf8)))"))
        }
        process = try TestChildProcess(try BuiltProducts.path("local-broker"), all + arguments)
        let prefix = "listening on "
        guard let line = try process.readLine(within: limit), line.hasPrefix(prefix) else {
            let output = try? process.wait(within: .seconds(1)).output
            let waitingFor = "line `\(prefix)URL`"
            throw TestSupportError.childFailed(path: process.path, waitingFor: waitingFor, output: output ?? "")
        }
        url = String(line.dropFirst(prefix.count))
        client = try TestHTTPClient(url, headers: headers)
    }

    /// The port of ``url``.
    package var port: UInt16 { url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    /// The child's process id; valid until it has been stopped.
    package var processID: Int32 { process.processID }

    /// Sets faults; `json` as `local-broker --help` describes it.
    package func faults(_ json: String) throws {
        let answer = try client.put("/_faults", json)
        guard answer.status == 200 else { throw TestSupportError.malformedResponse(answer.text) }
    }

    /// Removes all faults.
    package func clearFaults() throws { _ = try client.delete("/_faults") }

    /// The request log as JSON text, oldest first, without requests to `/_faults` and `/_requests`.
    ///
    /// - Parameter id: Only requests with a greater `id`.
    package func requests(since id: Int = 0) throws -> String { try client.get("/_requests?since=\(id)").text }

    /// Stops it with SIGTERM and waits for the end. Also when it has already ended.
    @discardableResult
    package func stop() -> TestChildProcess.Exit { process.end(with: SIGTERM, within: .seconds(10)) }

    /// A broker that dies, with SIGKILL.
    package func kill() { process.end(with: SIGKILL, within: .seconds(10)) }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                let digit = alphabet[word >> (18 - 6 * place) & 63]
                result.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
