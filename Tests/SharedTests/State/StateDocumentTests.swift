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
    private static func part(of section: String) throws -> (members: Set<String>, text: String) {
        let page = try RepositoryFile.text("docs/state-file.md")
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("### \(section) ") })
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("##") } ?? lines.endIndex
        let part = lines[start..<end]
        let rows = part.filter { $0.hasPrefix("| `") }
        let members = rows.flatMap { row in words(row.split(separator: "|").first ?? "") }
        return (Set(members), part.joined(separator: "\n"))
    }

    private static func words(_ text: some StringProtocol) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
    }

    private static func keys(_ value: JSONValue?) throws -> Set<String> {
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
