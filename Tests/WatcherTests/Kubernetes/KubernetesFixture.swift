import Shared
import TestSupport

/// A `local-kubernetes` with one service account in namespace `pact`, and what a watcher needs to ask it.
final class KubernetesFixture {
    static let account = "pact/mocks"
    static let firstToken = "first-token-of-the-account"

    let directory: TemporaryDirectory
    private(set) var api: LocalKubernetesProcess
    /// `token`, mounted as the kubelet mounts it.
    let secret: KubeletVolume
    let names: [String]
    private let arguments: [String]

    /// - Parameters:
    ///   - arguments: Further options of `local-kubernetes`.
    ///   - verbs: What the service account may do with the ConfigMaps.
    ///   - names: The ConfigMaps that are followed.
    init(_ arguments: [String] = [], verbs: [String] = ["get", "watch"], names: [String] = ["contracts"]) throws {
        directory = try TemporaryDirectory()
        self.arguments = arguments + ["--state", directory.path + "/kubernetes"]
        self.names = names
        api = try LocalKubernetesProcess(arguments: self.arguments)
        secret = try KubeletVolume(directory.path + "/secret")
        try secret.publish(["token": Self.firstToken])
        try allow(verbs, names)
    }

    /// What the service account may do from now on.
    func allow(_ verbs: [String], _ names: [String]? = nil, token: String = KubernetesFixture.firstToken) throws {
        let rules = verbs.isEmpty ? [] : [LocalKubernetesProcess.Rule(verbs, names: names ?? self.names)]
        try api.access(Self.account, tokens: [token], rules: rules)
    }

    /// The server dies with SIGKILL and comes back at its old address: its objects are there, its history is not.
    func restartAPI(verbs: [String] = ["get", "watch"]) throws {
        let port = api.port
        api.kill()
        api = try LocalKubernetesProcess(arguments: arguments, port: port)
        try allow(verbs)
    }

    /// The n-th state of ConfigMap `contracts`: one contract, web to orders.
    @discardableResult
    func edit(_ number: Int) throws -> String {
        try api.put(configMap: names[0], data: ["a.json": Self.contract(number)])
    }

    static func contract(_ number: Int) -> String { pact("web", "orders", "edit \(number)") }

    var tokenFile: String { secret.path + "/token" }
    var mount: String { directory.path + "/mount" }

    /// The settings of a watcher outside the cluster.
    var variables: [String: String] {
        [
            "KUBERNETES_API_URL": api.url, "KUBERNETES_TOKEN_FILE": tokenFile, "NAMESPACE": "pact",
            "CONFIGMAP_NAME": names.joined(separator: ","),
        ]
    }

    /// - Parameter more: On top of ``variables``; an empty value takes one away.
    func watcher(
        _ more: [String: String] = [:],
        run: String = "run-1",
        wrapper: [String] = []
    ) throws -> WatcherProcess {
        try WatcherProcess(
            contracts: mount,
            stateDirectory: directory.path + "/state",
            run: run,
            variables: variables.merging(more) { $1 }.filter { !$0.value.isEmpty },
            wrapper: wrapper
        )
    }

    /// What the watcher asked, oldest first.
    func watcherRequests(since id: Int = 0) throws -> [JSONValue] {
        try api.requests(since: id)
            .filter { $0["user_agent"]?.string?.hasPrefix("pact-mocks-manager/") ?? false }
    }

    /// The same in short: `verb status`.
    func requests(since id: Int = 0) throws -> [String] {
        try watcherRequests(since: id).map { "\($0["verb"]?.string ?? "") \($0["status"]?.int ?? 0)" }
    }

    /// The newest request there is.
    func lastRequest() throws -> Int { try api.requests().last?["id"]?.int ?? 0 }
}

extension SourceState {
    /// Which of ``KubernetesFixture/edit(_:)`` is desired; 0: none, -1: something else.
    var edit: Int {
        guard let pair = pairs.first else { return 0 }
        return (1...60).first { ContentHash.sha256Hex(KubernetesFixture.contract($0)) == pair.sha256 } ?? -1
    }

    /// The only ConfigMap.
    var configMap: ConfigMapState? { configMaps.first }

    /// It is followed, and this edit of it is desired.
    func isFollowing(_ number: Int) -> Bool { edit == number && configMap?.connection == .watching }

    func restarts(_ reason: WatchRestart) -> Int { configMap?.restarts[reason.rawValue] ?? 0 }
}
