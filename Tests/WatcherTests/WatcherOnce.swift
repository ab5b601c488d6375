import TestSupport

/// `watcher --once` to its end.
enum WatcherOnce {
    static func run(
        _ fixture: KubernetesFixture,
        _ arguments: [String] = [],
        _ more: [String: String] = [:]
    ) throws -> (exit: TestChildProcess.Exit, output: String) {
        let variables = fixture.variables.merging(["CONFIGMAP_PATH": fixture.mount]) { $1 }.merging(more) { $1 }
        return try TestChildProcess(
            try BuiltProducts.path("watcher"),
            ["--once"] + arguments,
            environment: variables.filter { !$0.value.isEmpty }.map { "\($0.key)=\($0.value)" }
        )
        .wait(within: .seconds(40))
    }
}
