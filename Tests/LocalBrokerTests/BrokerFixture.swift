import Shared
import TestSupport

@testable import LocalBroker

/// A broker in this process, with the requests that most tests need.
final class BrokerFixture {
    let server: BrokerServer
    let client: TestHTTPClient

    init(
        _ options: BrokerOptions = BrokerOptions(),
        directory: String? = nil,
        timeout: Duration = .seconds(10),
        now: @escaping @Sendable () -> WallClock = { WallClock.now() }
    ) throws {
        server = try BrokerServer(options, directory: directory, now: now)
        client = try TestHTTPClient("http://127.0.0.1:\(server.port)", timeout: timeout)
    }

    deinit { try? server.stop() }

    /// Publishes contracts of consumer `Web`, by provider.
    func publish(_ version: String, _ contracts: [(provider: String, path: String)]) throws -> TestHTTPResponse {
        let entries = contracts.map { contract -> JSONValue in
            [
                "consumerName": "Web", "providerName": .string(contract.provider), "specification": "pact",
                "contentType": "application/json",
                "content": .string(Base64.encodeToString(Self.contract(contract.provider, contract.path))),
            ]
        }
        let body: JSONValue = [
            "pacticipantName": "Web", "pacticipantVersionNumber": .string(version), "branch": "main",
            "contracts": .array(entries),
        ]
        return try client.send("POST", "/contracts/publish", body: JSONWriter.compact(body))
    }

    func faults(_ json: String) throws -> Int { try client.put("/_faults", json).status }

    func json(_ path: String) throws -> JSONValue { try JSONReader.parse(try client.get(path).body) }

    /// A contract of `Web` with one interaction.
    static func contract(_ provider: String, _ path: String) -> [UInt8] {
        let text = """
            {"consumer": {"name": "Web"}, "provider": {"name": "\(provider)"}, "interactions": [
            {"description": "a request", "request": {"method": "GET", "path": "\(path)"}, "response": {"status": 200}}]}
            """
        return Array(text.utf8)
    }
}
