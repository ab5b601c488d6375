/// What a test's tools can fail with. A test that sees one of these has not tested anything.
package enum TestSupportError: Error, Equatable, CustomStringConvertible {
    /// A built executable is not where it should be.
    case missingProduct(path: String)
    /// A child process could not be started; `stage` is the failing step, `number` the errno.
    case spawnFailed(path: String, stage: String, number: Int32)
    /// A child process did not do what was waited for in time, or ended before; `output` is what it said.
    case childFailed(path: String, waitingFor: String, output: String)
    /// A URL without `http://host:port`.
    case badURL(String)
    /// Nobody listens there.
    case connectionRefused(String)
    /// Another failure of a socket call.
    case socketFailed(call: String, number: Int32)
    /// The deadline passed; `received` is how many bytes had come.
    case timedOut(waitingFor: String, received: Int)
    /// The other side closed before a complete answer; `received` are the bytes that came.
    case closedEarly(received: [UInt8])
    /// The answer is no HTTP/1.1.
    case malformedResponse(String)

    package var description: String {
        switch self {
        case .missingProduct(let path):
            "\(path) is not there: run `swift build --build-tests`, or set \(BuiltProducts.directoryVariable)"
        case .spawnFailed(let path, let stage, let number): "\(path) could not be started: \(stage), errno \(number)"
        case .childFailed(let path, let waitingFor, let output):
            "\(path): no \(waitingFor); its output: \(output.isEmpty ? "none" : output)"
        case .badURL(let url): "not an http:// URL: \(url)"
        case .connectionRefused(let address): "connection refused: \(address)"
        case .socketFailed(let call, let number): "\(call) failed with errno \(number)"
        case .timedOut(let waitingFor, let received): "timed out waiting for \(waitingFor) after \(received) bytes"
        case .closedEarly(let received): "closed after \(received.count) bytes, before the answer was complete"
        case .malformedResponse(let text): "malformed response: \(text)"
        }
    }
}
