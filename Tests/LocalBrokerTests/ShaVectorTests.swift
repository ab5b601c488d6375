import Glibc
import Shared
import TestSupport
import Testing

@testable import LocalBroker

/// The pact-version SHA that the real broker gave each of the recorded contracts, through a PUT.
@Suite("SHA vectors through PUT")
struct ShaVectorTests {
    @Test("each contract gets the SHA or the refusal that the real broker gave it")
    func vectors() throws {
        let broker = try BrokerServer()
        defer { try? broker.stop() }
        let client = try TestHTTPClient("http://127.0.0.1:\(broker.port)")
        let directory = TranscriptSeries.directory + "/../sha-vectors"
        var compared = 0
        for line in String(decoding: try bytes("\(directory)/vectors.tsv"), as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard !line.hasPrefix("#"), fields.count == 4 else { continue }
            let content = try bytes("\(directory)/\(fields[0]).json")
            // A participant of its own for each, so that no content is already there.
            let document = try? JSONReader.parse(content, options: .init(allowsComments: true))
            let consumer = document?["consumer"]?["name"]?.string ?? "Consumer \(fields[0])"
            let provider = document?["provider"]?["name"]?.string ?? "Provider \(fields[0])"
            let pair =
                "provider/\(PercentEncoding.pathSegment(provider))/consumer/\(PercentEncoding.pathSegment(consumer))"
            let answer = try client.send("PUT", "/pacts/\(pair)/version/\(fields[0])", body: content)
            #expect(answer.status == Int(fields[3]), "\(fields[0]): \(answer.text.prefix(200))")
            if answer.status == 201 {
                let body = try JSONReader.parse(answer.body)
                #expect(body["_links"]?["pb:pact-version"]?["name"] == .string(fields[2]), "\(fields[0])")
            }
            compared += 1
        }
        #expect(compared == 38)
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = try FileDescriptor(opening: path, flags: O_RDONLY)
        return try #require(try readAll(descriptor, limit: 1 << 24, subject: path))
    }
}
