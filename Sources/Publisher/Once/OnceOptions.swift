internal import ArgumentParser
import Shared

/// What the command line of a one-shot says about the build; wins over environment variables.
struct BuildOptions: ParsableArguments {
    @Option(help: "With --once: the branch (otherwise GIT_BRANCH, otherwise what the CI system says).")
    var branch: String?

    @Option(help: "With --once: the commit for the version number (otherwise GIT_COMMIT, otherwise the CI system's).")
    var commit: String?

    @Option(
        name: .customLong("tag"),
        help: "With --once: a tag for the version; may be repeated (otherwise BROKER_TAGS)."
    )
    var tags: [String] = []

    @Option(
        name: .customLong("build-url"),
        help: "With --once: the build's URL (otherwise BUILD_URL, otherwise the CI system's)."
    )
    var buildURL: String?

    /// None of them is given.
    var isEmpty: Bool { branch == nil && commit == nil && tags.isEmpty && buildURL == nil }

    func validate() throws {
        for (name, value) in [("--branch", branch), ("--commit", commit), ("--build-url", buildURL)]
            + tags.map({ ("--tag", $0) })
        {
            guard let value else { continue }
            if value.isEmpty { throw ValidationError("\(name) is empty; leave it out or give a value") }
            if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                throw ValidationError("\(name) holds a control character; give it on one line")
            }
            // Neither git nor a version number that people type knows any.
            if name == "--branch" || name == "--commit", value.utf8.contains(0x20) {
                throw ValidationError("\(name) '\(value)' holds a space; no branch and no commit has one")
            }
        }
    }

    /// Puts the values into `settings`: option, then our own variable, then the CI system.
    ///
    /// - Returns: What came from the CI system, for the log.
    func apply(to settings: inout Settings, environment: ProcessEnvironment) -> Detected {
        let origin = BuildOrigin(environment)
        var taken: [(name: String, value: String)] = []
        var warning: String?
        func choose(_ option: String?, _ variable: String, _ detected: String?, _ name: String) -> String? {
            if let option { return option }
            if environment[variable]?.isEmpty == false, origin?.ownsOurVariables != true { return nil }
            if let detected { taken.append((name, detected)) }
            return detected
        }
        if let branch = choose(branch, "GIT_BRANCH", origin?.branch, "branch") {
            settings.gitBranch = branch
        } else if let origin, environment["GIT_BRANCH"]?.isEmpty ?? true {
            warning = origin.warning(branch: settings.gitBranch)
        }
        if let commit = choose(commit, "GIT_COMMIT", origin?.commit, "commit") { settings.gitCommit = commit }
        if let url = choose(buildURL, "BUILD_URL", origin?.buildURL, "build_url") { settings.buildURL = url }
        if !tags.isEmpty { settings.brokerTags = tags }
        guard let origin, !taken.isEmpty else { return Detected(fields: [], warning: warning) }
        return Detected(fields: [("ci", origin.system)] + taken, warning: warning)
    }

    /// What the CI system told.
    struct Detected {
        /// Empty: nothing was taken from it.
        var fields: [(name: String, value: String)]
        /// What it did not tell although it matters.
        var warning: String?
    }
}
