import FoundationEssentials
import Shared
import Testing

@testable import Supervisor

/// `manager status` where contracts come through the Kubernetes API.
@Suite struct ConfigMapStatusTests {
    private static let now = MonotonicTime(milliseconds: 600_000)

    private func status(_ configMaps: [ConfigMapState], origin: String = SourceState.apiOrigin) -> ManagerStatus {
        var status = ManagerStatus(isRunning: true, now: Self.now, time: "now")
        status.stateDirectory = "/state"
        var source = SourceState(run: "run", description: "ConfigMaps pact/a, pact/b", status: .present)
        source.origin = origin
        source.configMaps = configMaps
        status.source = source
        status.broker = BrokerState(run: "run", url: "http://b", status: .ready)
        status.evaluate()
        return status
    }

    private var followed: ConfigMapState {
        var configMap = ConfigMapState(namespace: "pact", name: "a")
        configMap.connection = .watching
        configMap.presence = .present
        configMap.wasDelivered = true
        configMap.connectedSince = "2026-11-26T03:00:00.000Z"
        configMap.lastByte = MonotonicTime(milliseconds: 588_000)
        configMap.resourceVersion = "4711"
        configMap.restarts = ["dropped": 1, "expired": 2, "silent": 0, "ended": 1]
        return configMap
    }

    private var refused: ConfigMapState {
        var configMap = ConfigMapState(namespace: "pact", name: "b")
        configMap.connection = .waiting
        configMap.problem = ConfigMapState.Problem(code: "forbidden", detail: "grant this\nsecond line")
        configMap.problemSince = MonotonicTime(milliseconds: 400_000)
        return configMap
    }

    @Test func aTableShowsHowEachConfigMapIsFollowed() throws {
        let lines = StatusText.lines(status([followed, refused]))
        let head = try #require(lines.firstIndex { $0.hasPrefix("CONFIGMAP") })
        let columns = ["CONFIGMAP", "STATE", "CONNECTED SINCE", "LAST BYTE", "VERSION", "RESTARTS", "PROBLEM"]
        #expect(Self.cells(lines[head]) == columns)
        let first = [
            "pact/a", "watching", "2026-11-26T03:00:00.000Z", "12 s ago", "4711", "expired 2, dropped 1, ended 1", "–",
        ]
        #expect(Self.cells(lines[head + 1]) == first)
        let second = ["pact/b", "waiting", "–", "–", "–", "0", "forbidden for 3 min 20 s"]
        #expect(Self.cells(lines[head + 2]) == second)
        let source = try #require(lines.first { $0.hasPrefix("source") })
        #expect(source.contains("ConfigMaps pact/a, pact/b, origin API, present, 0 keys"), "\(source)")
    }

    @Test func withoutTheAPIThereIsNoTable() {
        let lines = StatusText.lines(status([], origin: SourceState.directoryOrigin))
        #expect(!lines.contains { $0.hasPrefix("CONFIGMAP") })
        #expect(lines.contains { $0.hasPrefix("source") && $0.contains("origin directory, present") })
    }

    @Test func theFirstLineNamesWhatIsMissingOrDeleted() {
        let verdict =
            "the source holds no contract; ConfigMap pact/b cannot be read (forbidden): grant this\nsecond line"
        #expect(status([followed, refused]).verdict == verdict)
        var absent = refused
        absent.problem = nil
        absent.presence = .absent
        #expect(status([followed, absent]).verdict.hasSuffix("; ConfigMap pact/b does not exist"))
        var deleted = followed
        deleted.presence = .absent
        #expect(status([deleted]).verdict == "the source holds no contract; ConfigMap pact/a was deleted")
        let lines = StatusText.lines(status([deleted, absent]))
        #expect(lines.contains { $0.contains("watching, deleted") })
        #expect(lines.contains { $0.contains("waiting, does not exist") })
        // While the directory stands in, nothing is missing for want of a ConfigMap.
        #expect(status([absent], origin: "directory (API: forbidden)").verdict == "the source holds no contract")
    }

    @Test func jsonHasItAll() throws {
        let bytes = try JSONEncoder().encode(status([followed, refused]))
        let source = try JSONReader.parse(Array(bytes))["source"]
        #expect(source?["origin"]?.string == "API")
        let configMaps = source?["configMaps"]?.array
        #expect(configMaps?.count == 2)
        #expect(configMaps?.first?["resourceVersion"]?.string == "4711")
        #expect(configMaps?.last?["problem"]?["code"]?.string == "forbidden")
    }

    /// Columns are two spaces or more apart.
    private static func cells(_ line: String) -> [String] {
        var cells = [""]
        var spaces = 0
        for character in line {
            if character == " " {
                spaces += 1
                continue
            }
            if spaces > 1 { cells.append("") } else if spaces == 1 { cells[cells.count - 1] += " " }
            spaces = 0
            cells[cells.count - 1].append(character)
        }
        return cells
    }
}
