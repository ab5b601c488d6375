import Shared
import Testing

@testable import Supervisor

/// Settings that are wrong, misspelt or set for nothing.
@Suite struct SettingsDiagnosisTests {
    private func lines(_ variables: [String: String]) throws -> [DoctorLine] {
        let environment = ProcessEnvironment(variables)
        do throws(SettingsError) {
            let settings = try Settings(environment: environment)
            return SettingsDiagnosis(environment: environment, settings: settings, error: nil).lines
        } catch {
            let settings = try Settings(environment: environment, reads: [])
            return SettingsDiagnosis(environment: environment, settings: settings, error: error).lines
        }
    }

    private func ignored(_ variables: [String: String]) throws -> [String] {
        try lines(variables).filter { $0.check == .settingsIgnored && $0.mark == .odd }.map(\.found)
    }

    @Test func nothingIsSaidOfGoodOnes() throws {
        let found = try lines([
            "BROKER_URL": "http://broker:9292", "BROKER_PASSWORD": "x", "CONTRACT_SOURCE": "directory",
        ])
        #expect(found.map(\.mark) == [.good, .good, .good])
    }

    @Test func eachBadValueIsALineAndASecretIsNone() throws {
        let found = try lines(["HEALTH_PORT": "many", "LOG_FORMAT": "xml", "BROKER_PASSWORD": "a\nhidden"])
        let wrong = found.filter { $0.mark == .wrong }
        #expect(wrong.count == 3 && wrong.allSatisfy { $0.check == .settingsValues && !$0.remedy.isEmpty })
        #expect(
            wrong.contains {
                $0.found == "HEALTH_PORT='many' is not usable" && $0.remedy == "allowed: 0 to 65535; 0: any free port"
            }
        )
        #expect(!found.contains { $0.found.contains("hidden") })
    }

    @Test func aMisspeltNameIsNoIgnoredOne() throws {
        let found = try lines(["BROKER_PASWORD": "x"])
        let odd = found.filter { $0.mark == .odd }
        #expect(odd.map(\.check) == [.settingsNames] && odd[0].remedy == "did you mean BROKER_PASSWORD?")
    }

    @Test(
        arguments: [
            (
                ["BROKER_TOKEN": "t", "BROKER_USERNAME": "u", "BROKER_PASSWORD": "p"],
                "BROKER_USERNAME and BROKER_PASSWORD are ignored: BROKER_TOKEN counts"
            ),
            (["BROKER_TOKEN": "t", "BROKER_PASSWORD": "p"], "BROKER_PASSWORD is ignored: BROKER_TOKEN counts"),
            (
                ["BROKER_TOKEN": "t", "BROKER_URL": "http://u:p@b"],
                "the credentials in BROKER_URL are ignored: BROKER_TOKEN counts"
            ),
            (
                ["BROKER_URL": "http://u:p@b", "BROKER_PASSWORD": "p"],
                "the credentials in BROKER_URL are ignored: BROKER_PASSWORD counts"
            ),
            (["BROKER_URL": "http://b", "BROKER_PORT": "80"], "BROKER_PORT is ignored: BROKER_URL counts"),
            (["BROKER_PORT": "80"], "BROKER_PORT is accepted for older manifests only"),
            (["PUBLISHED_FLAG_PATH": "/f"], "PUBLISHED_FLAG_PATH is accepted for older manifests only and never read"),
            (
                ["CONFIGMAP_NAME": "a", "CONTRACT_SOURCE": "directory"],
                "CONFIGMAP_NAME is ignored: contracts are read from CONFIGMAP_PATH"
            ),
        ] as [([String: String], String)]
    )
    func whatTakesNoEffectIsNamed(variables: [String: String], says: String) throws {
        #expect(try ignored(variables) == [says])
    }

    @Test func whatKubernetesInjectsIsNamed() throws {
        let found = try ignored(["BROKER_PORT": "tcp://10.0.0.1:80"])
        #expect(found.count == 1 && found[0].contains("comes from a Kubernetes Service link"), "\(found)")
    }
}
