import FoundationEssentials
import Shared
import TestSupport
import Testing

/// docs/state-file.md is what a reader of the file goes by: it must name what the code writes.
@Suite struct StateDocumentTests {
    private static var source: SourceState {
        var configMap = ConfigMapState(namespace: "pact", name: "a")
        configMap.connectedSince = "then"
        configMap.lastByte = MonotonicTime(milliseconds: 1)
        configMap.resourceVersion = "1"
        configMap.uid = "u"
        configMap.problem = ConfigMapState.Problem(code: "forbidden", detail: "no")
        configMap.problemSince = MonotonicTime(milliseconds: 1)
        configMap.restarts = ["expired": 1]
        var source = SourceState(run: "run", description: "ConfigMap pact/a", status: .present)
        source.detail = "odd"
        source.readAt = "then"
        source.changed = MonotonicTime(milliseconds: 1)
        source.configMaps = [configMap]
        source.pairs = [DesiredPair(consumer: "c", provider: "p", sha256: "s", problem: "none")]
        source.invalid = [SourceState.InvalidKey(key: "k", reason: "r", line: 1, column: 1)]
        source.ignored = [SourceState.IgnoredKey(key: "k", reason: "r")]
        return source
    }

    /// The page's part on the section, its table's first column, and the paragraph that begins with `name`.
    static func part(of section: String) throws -> (members: Set<String>, text: String) {
        let page = try RepositoryFile.text("docs/state-file.md")
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("### \(section) ") })
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("##") } ?? lines.endIndex
        let part = lines[start..<end]
        let rows = part.filter { $0.hasPrefix("| `") }
        let members = rows.flatMap { row in words(row.split(separator: "|").first ?? "") }
        return (Set(members), part.joined(separator: "\n"))
    }

    static func words(_ text: some StringProtocol) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
    }

    static func keys(_ value: JSONValue?) throws -> Set<String> {
        Set(try #require(value?.object).members.map(\.key))
    }

    @Test func thePageNamesEveryMemberOfTheSource() throws {
        let (members, text) = try Self.part(of: "source")
        let json = try JSONReader.parse(Array(try JSONEncoder().encode(Self.source)))
        #expect(members == (try Self.keys(json)))
        let paragraphs = text.split(separator: "\n\n")
        for (name, value) in [
            ("ConfigMap: ", json["configMaps"]?.array?.first), ("Pair: ", json["pairs"]?.array?.first),
        ] {
            let words = Self.words(try #require(paragraphs.first { $0.hasPrefix(name) }.map(String.init)))
            let missing = try Self.keys(value).subtracting(words)
            #expect(missing.isEmpty, "\(name)\(missing)")
        }
    }

    @Test func thePageNamesEveryValueOfAConfigMapsState() throws {
        let words = Self.words(try Self.part(of: "source").text)
        let values =
            [ConfigMapState.Connection.connecting, .synchronizing, .watching, .waiting].map(\.rawValue)
            + [ConfigMapState.Presence.unknown, .present, .absent].map(\.rawValue)
            + [ConfigMapState.Mode.streamingList, .listAndWatch, .getAndWatch].map(\.rawValue)
            + WatchRestart.allCases.map(\.rawValue)
        #expect(Set(values).subtracting(words).isEmpty)
    }
}

/// The publisher's sections.
@Suite struct PublisherSectionDocumentTests {
    private static var broker: BrokerState {
        var broker = BrokerState(run: "run", url: "http://broker")
        broker.detail = "odd"
        broker.version = "2"
        broker.checked = MonotonicTime(milliseconds: 1)
        broker.checkedAt = "then"
        broker.requestDeadline = MonotonicTime(milliseconds: 1)
        broker.since = "then"
        broker.lastSuccessAt = "then"
        broker.latencyMilliseconds = 1
        return broker
    }

    private static var publication: PublicationState {
        var publication = PublicationState(run: "run")
        publication.verifiedAt = "then"
        return publication
    }

    @Test func thePageNamesEveryMember() throws {
        for (section, content) in [("broker", Self.broker as any Encodable), ("publication", Self.publication)] {
            let (members, _) = try StateDocumentTests.part(of: section)
            let json = try JSONReader.parse(Array(try JSONEncoder().encode(content)))
            #expect(members == (try StateDocumentTests.keys(json)), "\(section)")
        }
    }

    @Test func thePageNamesWhatIsCounted() throws {
        let words = StateDocumentTests.words(try StateDocumentTests.part(of: "publication").text)
        let json = try JSONReader.parse(Array(try JSONEncoder().encode(Self.publication)))
        let counters = try StateDocumentTests.keys(json["counters"])
        let histogram = try StateDocumentTests.keys(json["counters"]?["publishDuration"])
        #expect(counters.union(histogram).subtracting(words).isEmpty)
    }

    /// The section with the longest texts that anything writes into it, after a hundred years of checks.
    @Test func theBrokerSectionStaysWithinItsSlot() throws {
        var broker = Self.broker
        broker.run = String(repeating: "r", count: 64)
        broker.url = "https://" + String(repeating: "broker.example/", count: 16)
        // Each of these becomes two bytes.
        broker.detail = StateLimits.cut(String(repeating: "\"", count: 2000))
        broker.version = String(repeating: "9", count: 64)
        broker.checked = MonotonicTime(nanoseconds: .max)
        broker.requestDeadline = broker.checked
        broker.checkedAt = WallClock(milliseconds: 0).rfc3339
        broker.since = broker.checkedAt
        broker.lastSuccessAt = broker.checkedAt
        broker.latencyMilliseconds = 30_000
        broker.consecutiveFailures = 1_600_000_000
        for status in BrokerState.Status.allCases { broker.checks[status.rawValue] = 1_600_000_000 }
        broker.probeDuration = try Self.full(broker.probeDuration)
        let bytes = try JSONEncoder().encode(broker).count
        print("broker section at its largest: \(bytes) bytes")
        #expect(bytes > 2500 && bytes <= StateSection.broker.initialCapacity)
    }

    /// As it is after that many checks: written as the state file has it.
    private static func full(_ histogram: Histogram) throws -> Histogram {
        let counts = histogram.counts.map { _ in "1600000000" }.joined(separator: ",")
        let bounds = histogram.bounds.map(String.init).joined(separator: ",")
        let text = "{\"bounds\":[\(bounds)],\"counts\":[\(counts)],\"sum\":\(Int.max)}"
        return try JSONDecoder().decode(Histogram.self, from: Data(text.utf8))
    }
}
