/// The built `publisher --once` with one valid contract: what it says about the way to a broker.
package enum PublisherOnce {
    /// The contract of consumer `web` and provider `orders`.
    package static let contract =
        #"{"consumer":{"name":"web"},"provider":{"name":"orders"},"interactions":[{"description":"a","#
        + #""request":{"method":"GET","path":"/thing"},"response":{"status":200}}]}"#

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - environment: On top of a minimal one without proxies.
    ///   - timeout: How long the broker may be unusable: `--timeout`.
    ///   - wrapper: A program and arguments that run it.
    package static func run(
        _ environment: [String: String],
        timeout: String = "500ms",
        wrapper: [String] = []
    ) throws -> (exit: TestChildProcess.Exit, output: String) {
        let directory = try TemporaryDirectory()
        try directory.write("contract.json", contract)
        let all = ["GIT_COMMIT": "abc", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let publisher = try BuiltProducts.path("publisher")
        let command = wrapper + [publisher, "--once", "--contracts", directory.path, "--timeout", timeout]
        let process = try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        return try process.wait(within: .seconds(60))
    }
}
