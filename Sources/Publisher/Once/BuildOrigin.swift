import Shared

/// Branch, commit and build that a CI system names in its environment; pure.
///
/// Asked for by the one-shot only, where neither an option nor our own variable says it. The variables are the ones
/// that each system documents for its jobs.
struct BuildOrigin: Equatable, Sendable {
    /// The CI system, for the log.
    var system: String
    var branch: String?
    var commit: String?
    var buildURL: String?
    /// The tag that is built, where it is no branch.
    var tag: String?

    /// What the environment tells; `nil` outside the known CI systems.
    init?(_ environment: ProcessEnvironment) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func isTrue(_ name: String) -> Bool { value(name)?.lowercased() == "true" }
        if isTrue("GITHUB_ACTIONS") {
            system = "GitHub Actions"
            // GITHUB_REF_NAME is `12/merge` in a pull request and the tag's name for a tag.
            branch = value("GITHUB_HEAD_REF") ?? (value("GITHUB_REF_TYPE") == "branch" ? value("GITHUB_REF_NAME") : nil)
            tag = value("GITHUB_REF_TYPE") == "tag" ? value("GITHUB_REF_NAME") : nil
            commit = value("GITHUB_SHA")
            if let server = value("GITHUB_SERVER_URL"), let repository = value("GITHUB_REPOSITORY"),
                let run = value("GITHUB_RUN_ID")
            {
                buildURL = "\(server)/\(repository)/actions/runs/\(run)"
            }
        } else if isTrue("GITLAB_CI") {
            system = "GitLab CI"
            // CI_COMMIT_BRANCH is absent in merge request and tag pipelines.
            branch = value("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") ?? value("CI_COMMIT_BRANCH")
            tag = value("CI_COMMIT_TAG")
            commit = value("CI_COMMIT_SHA")
            buildURL = value("CI_JOB_URL") ?? value("CI_PIPELINE_URL")
        } else if isTrue("TF_BUILD") {
            system = "Azure Pipelines"
            // BUILD_SOURCEBRANCHNAME is only what follows the last slash.
            branch = (value("SYSTEM_PULLREQUEST_SOURCEBRANCH") ?? value("BUILD_SOURCEBRANCH")).flatMap(Self.head)
            let tags = "refs/tags/"
            tag = value("BUILD_SOURCEBRANCH").flatMap { $0.hasPrefix(tags) ? String($0.dropFirst(tags.count)) : nil }
            commit = value("BUILD_SOURCEVERSION")
            if let collection = value("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), let project = value("SYSTEM_TEAMPROJECT"),
                let build = value("BUILD_BUILDID")
            {
                let base = collection.hasSuffix("/") ? collection : collection + "/"
                buildURL = "\(base)\(PercentEncoding.pathSegment(project))/_build/results?buildId=\(build)"
            }
        } else if isTrue("CIRCLECI") {
            system = "CircleCI"
            branch = value("CIRCLE_BRANCH")
            tag = value("CIRCLE_TAG")
            commit = value("CIRCLE_SHA1")
            buildURL = value("CIRCLE_BUILD_URL")
        } else if isTrue("BUILDKITE") {
            system = "Buildkite"
            branch = value("BUILDKITE_BRANCH")
            // HEAD until the checkout has resolved it.
            commit = value("BUILDKITE_COMMIT").flatMap { $0 == "HEAD" ? nil : $0 }
            buildURL = value("BUILDKITE_BUILD_URL")
        } else if value("JENKINS_URL") != nil {
            system = "Jenkins"
            // GIT_BRANCH and GIT_COMMIT are Jenkins' own variables here; the first names the remote too.
            let remote = value("GIT_BRANCH").map { $0.hasPrefix("origin/") ? String($0.dropFirst(7)) : $0 }
            branch = value("CHANGE_BRANCH") ?? value("BRANCH_NAME") ?? value("GIT_LOCAL_BRANCH") ?? remote
            commit = value("GIT_COMMIT")
            buildURL = value("BUILD_URL")
        } else {
            return nil
        }
    }

    /// GIT_BRANCH, GIT_COMMIT and BUILD_URL are set by the CI system itself, not by a person.
    var ownsOurVariables: Bool { system == "Jenkins" }

    /// Contracts would silently count as those of the default branch.
    func warning(branch: String) -> String {
        let subject = tag.map { "\(system) builds the tag \($0) and" } ?? system
        let hint = tag == nil ? "" : "; --tag gives the version a tag"
        return
            "\(subject) names no branch: contracts are published as branch \(branch); set --branch or GIT_BRANCH\(hint)"
    }

    /// The branch of a full reference; `nil` for a tag or a merge commit.
    private static func head(_ reference: String) -> String? {
        let prefix = "refs/heads/"
        if reference.hasPrefix(prefix) { return String(reference.dropFirst(prefix.count)) }
        return reference.hasPrefix("refs/") ? nil : reference
    }
}
