import Shared

/// All that `watcher --doctor` has seen of the contracts' source; what it means is ``SourceDiagnosis``'s business.
struct SourceFacts {
    /// What the API says to a question about our rights.
    enum Right: Equatable, Sendable {
        case allowed
        case denied
        /// The question itself got no answer; one sentence.
        case unknown(String)
    }

    /// What RBAC is asked about.
    enum Verb: String, CaseIterable, Sendable {
        case get
        case watch
        case list
    }

    /// One ConfigMap as the API shows it.
    struct ConfigMap: Equatable, Sendable {
        /// `NAMESPACE/NAME`.
        var name: String
        /// `unknown` where it could not be read.
        var presence: ConfigMapState.Presence
        /// Why it could not be read.
        var problem: ConfigMapState.Problem?
        var keys = 0
        /// Empty where nobody was asked.
        var rights: [Verb: Right] = [:]
    }

    /// The API as far as it was looked at.
    struct API {
        var url: BaseURL
        var tokenFile = ""
        var tokenFlaw: String?
        /// Seconds since 1970, from the token itself; `nil` where it does not tell.
        var tokenExpiry: Int?
        var caFile = ""
        var authoritiesFlaw: String?
        var configMaps: [ConfigMap]
        /// What must be allowed, and to whom.
        var rule: RoleRule
        /// What a manager would do with these answers.
        var decision: SourceAssembly.Decision
        /// The contracts of those that were delivered.
        var content = SourceContent()
        /// What is odd about them.
        var warnings: [String] = []
    }

    /// Seconds since 1970.
    var now: Int
    /// `CONFIGMAP_PATH=/pact-contracts`.
    var place: String
    /// `CONTRACT_SOURCE=kubernetes`: a directory that stands in is not what was asked for.
    var insistsOnAPI = false
    /// The API would be asked, but this pod has no service account (`automountServiceAccountToken: false`).
    var lacksAccount = false
    /// `nil`: the directory alone is the source.
    var api: API?
    var directory: DirectoryReading
}
