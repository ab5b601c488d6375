import Glibc
import Shared
import TestSupport
import Testing

/// A directory of other people's real pacts, named by `PACT_CORPUS`, as one ConfigMap.
@Suite(.serialized, .timeLimit(.minutes(3))) struct CorpusTests {
    static let corpus: String? = getenv("PACT_CORPUS").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

    @Test func everyFileIsPublishedOrListedWithItsReason() throws {
        guard let corpus = Self.corpus else {
            print("skipped: PACT_CORPUS is not set")
            return
        }
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let manager = try ManagerProcess(
            variables: ["BROKER_URL": broker.url, "CONFIGMAP_PATH": corpus, "GIT_COMMIT": "corpus"],
            stateDirectory: directory.path + "/state"
        )
        let reader = StateReader(directory: try StateDirectory(resolved: manager.stateDirectory))
        var source: SourceState?
        var publication: PublicationState?
        try manager.wait(for: "everything settled", within: .seconds(120)) {
            if case .content(let state, _) = reader.read(SourceState.self) { source = state }
            if case .content(let state, _) = reader.read(PublicationState.self) { publication = state }
            guard let source, let publication, source.status == .present else { return false }
            let known = Dictionary(grouping: publication.pairs) { "\($0.consumer)\0\($0.provider)" }
            return source.pairs.allSatisfy { pair in
                PairState(desired: pair, published: known["\(pair.consumer)\0\(pair.provider)"]?.first).isSettled
            }
        }
        let pairs = try #require(source?.pairs)
        let published = try #require(publication?.pairs)
        let files = Set(pairs.flatMap(\.files)).union(source?.invalid.map(\.key) ?? [])
            .union(source?.ignored.map(\.key) ?? [])
        let refused = published.filter { $0.failure != nil }
        let verified = published.filter { $0.verifiedSHA256 != nil }
        print(
            "corpus: \(source?.keys ?? 0) keys, \(pairs.count) pairs, \(source?.invalidCount ?? 0) invalid keys, "
                + "\(pairs.filter { $0.problem != nil }.count) pairs with a problem, \(verified.count) published, "
                + "\(refused.count) refused by the broker"
        )
        #expect(files.count + max(0, (source?.ignoredCount ?? 0) - 20) >= (source?.keys ?? .max))
        for pair in pairs where pair.problem == nil {
            let record = published.first { $0.consumer == pair.consumer && $0.provider == pair.provider }
            #expect(record?.verifiedSHA256 == pair.sha256 || record?.failure?.reason.isEmpty == false, "\(pair)")
        }
        #expect(source?.invalid.allSatisfy { !$0.reason.isEmpty } == true)

        // What was sent for a pair of one file are the bytes of that file (a byte order mark apart).
        let sent = try Self.sentContents(broker)
        var compared = 0
        for pair in pairs where pair.files.count == 1 && pair.problem == nil {
            var bytes = try RepositoryFile.bytes("\(corpus)/\(pair.files[0])")
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
            #expect(sent["\(pair.consumer)\0\(pair.provider)"]?.contains(bytes) == true, "\(pair.files[0])")
            compared += 1
        }
        print("corpus: \(compared) single-file pairs were sent byte for byte")
        #expect(compared > 0)
    }

    /// Every content that was posted, by pair.
    static func sentContents(_ broker: LocalBrokerProcess) throws -> [String: [[UInt8]]] {
        let log = try JSONReader.parse(Array(try broker.requests().utf8))
        var result: [String: [[UInt8]]] = [:]
        for request in log.array ?? [] {
            for contract in request["contracts"]?.array ?? [] {
                guard let consumer = contract["consumer"]?.string, let provider = contract["provider"]?.string,
                    let text = contract["content_base64"]?.string, let bytes = Base64.decode(text.utf8)
                else { continue }
                result["\(consumer)\0\(provider)", default: []].append(bytes)
            }
        }
        return result
    }
}
