import ArgumentParser
import Shared
import Testing

@testable import Publisher

/// What the one-shot takes from the CI systems' variables, and who wins.
@Suite("Build origin") struct BuildOriginTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var variables: [String: String]
        var branch: String?
        var commit: String?
        var buildURL: String?
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "GitHub push",
            variables: [
                "GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "feature/x", "GITHUB_REF_TYPE": "branch",
                "GITHUB_HEAD_REF": "", "GITHUB_SHA": "aaa", "GITHUB_SERVER_URL": "https://git.example",
                "GITHUB_REPOSITORY": "team/shop", "GITHUB_RUN_ID": "77",
            ],
            branch: "feature/x",
            commit: "aaa",
            buildURL: "https://git.example/team/shop/actions/runs/77"
        ),
        Case(
            name: "GitHub pull request",
            variables: [
                "GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "12/merge", "GITHUB_REF_TYPE": "branch",
                "GITHUB_HEAD_REF": "fix", "GITHUB_SHA": "bbb",
            ],
            branch: "fix",
            commit: "bbb"
        ),
        Case(
            name: "GitHub tag",
            variables: [
                "GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag", "GITHUB_SHA": "ccc",
            ],
            commit: "ccc"
        ),
        Case(
            name: "GitLab branch",
            variables: [
                "GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": "ddd",
                "CI_JOB_URL": "https://lab.example/j/1", "CI_PIPELINE_URL": "https://lab.example/p/1",
            ],
            branch: "main",
            commit: "ddd",
            buildURL: "https://lab.example/j/1"
        ),
        Case(
            name: "GitLab merge request",
            variables: [
                "GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix", "CI_COMMIT_SHA": "eee",
                "CI_PIPELINE_URL": "https://lab.example/p/1",
            ],
            branch: "fix",
            commit: "eee",
            buildURL: "https://lab.example/p/1"
        ),
        Case(
            name: "Azure branch with a slash",
            variables: [
                "TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/feature/x", "BUILD_SOURCEBRANCHNAME": "x",
                "BUILD_SOURCEVERSION": "fff", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.example/org/",
                "SYSTEM_TEAMPROJECT": "My Shop", "BUILD_BUILDID": "5",
            ],
            branch: "feature/x",
            commit: "fff",
            buildURL: "https://dev.example/org/My%20Shop/_build/results?buildId=5"
        ),
        Case(
            name: "Azure pull request",
            variables: [
                "TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/pull/3/merge",
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix", "BUILD_SOURCEVERSION": "abc",
            ],
            branch: "fix",
            commit: "abc"
        ),
        Case(
            name: "Azure tag",
            variables: ["TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1", "BUILD_SOURCEVERSION": "abd"],
            commit: "abd"
        ),
        Case(
            name: "CircleCI",
            variables: [
                "CIRCLECI": "true", "CIRCLE_BRANCH": "main", "CIRCLE_SHA1": "abe",
                "CIRCLE_BUILD_URL": "https://circle.example/1",
            ],
            branch: "main",
            commit: "abe",
            buildURL: "https://circle.example/1"
        ),
        Case(
            name: "Buildkite before its checkout",
            variables: [
                "BUILDKITE": "true", "BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD",
                "BUILDKITE_BUILD_URL": "https://kite.example/1",
            ],
            branch: "main",
            buildURL: "https://kite.example/1"
        ),
        Case(
            name: "Jenkins, one branch",
            variables: [
                "JENKINS_URL": "https://jenkins.example/", "GIT_BRANCH": "origin/main", "GIT_COMMIT": "abf",
                "BUILD_URL": "https://jenkins.example/1",
            ],
            branch: "main",
            commit: "abf",
            buildURL: "https://jenkins.example/1"
        ),
        Case(
            name: "Jenkins, change request",
            variables: [
                "JENKINS_URL": "https://jenkins.example/", "GIT_BRANCH": "PR-3", "BRANCH_NAME": "PR-3",
                "CHANGE_BRANCH": "fix", "GIT_COMMIT": "ac0",
            ],
            branch: "fix",
            commit: "ac0"
        ),
    ]

    @Test(arguments: cases) func readsTheVariablesOfTheSystem(_ row: Case) throws {
        let origin = try #require(BuildOrigin(ProcessEnvironment(row.variables)))
        #expect(origin.branch == row.branch)
        #expect(origin.commit == row.commit)
        #expect(origin.buildURL == row.buildURL)
        #expect(row.name.hasPrefix(origin.system.prefix(5)))
    }

    @Test func outsideOfACISystemThereIsNone() {
        #expect(BuildOrigin(ProcessEnvironment(["GIT_COMMIT": "abc", "CI": "true", "GITHUB_ACTIONS": "false"])) == nil)
    }

    /// Each system's tag builds, and one of a branch.
    @Test(arguments: [
        (
            ["GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"],
            "builds the tag v1 and names no"
        ),
        (["GITLAB_CI": "true", "CI_COMMIT_TAG": "v1"], "builds the tag v1 and names no"),
        (["TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1"], "builds the tag v1 and names no"),
        (["CIRCLECI": "true", "CIRCLE_TAG": "v1"], "builds the tag v1 and names no"),
        (["CIRCLECI": "true"], "CircleCI names no branch"), (["CIRCLECI": "true", "CIRCLE_BRANCH": "b"], nil),
        (["CIRCLECI": "true", "GIT_BRANCH": "own"], nil), (["GIT_COMMIT": "a"], nil),
    ])
    func aGuessedBranchIsWarnedOf(_ variables: [String: String], _ words: String?) throws {
        let environment = ProcessEnvironment(variables)
        var settings = try Settings(environment: environment)
        let detected = try BuildOptions.parse([]).apply(to: &settings, environment: environment)
        #expect((detected.warning == nil) == (words == nil))
        if let words { #expect(detected.warning?.contains(words) == true, "\(detected.warning ?? "")") }
    }

    private func settings(_ arguments: [String], _ variables: [String: String]) throws -> Settings {
        let environment = ProcessEnvironment(variables)
        var settings = try Settings(environment: environment)
        _ = try BuildOptions.parse(arguments).apply(to: &settings, environment: environment)
        return settings
    }

    @Test func anOptionWinsOverAVariableAndAVariableOverTheSystem() throws {
        let system = [
            "CIRCLECI": "true", "CIRCLE_BRANCH": "ci", "CIRCLE_SHA1": "c1", "CIRCLE_BUILD_URL": "https://ci/1",
        ]
        let detected = try settings([], system)
        #expect([detected.gitBranch, detected.gitCommit, detected.buildURL] == ["ci", "c1", "https://ci/1"])
        let set = try settings(
            [],
            system.merging(["GIT_BRANCH": "own", "GIT_COMMIT": "", "BROKER_TAGS": "a,b"]) { $1 }
        )
        #expect([set.gitBranch, set.gitCommit] == ["own", "c1"])
        #expect(set.brokerTags == ["a", "b"])
        let given = try settings(
            ["--branch", "opt", "--commit", "o1", "--tag", "x", "--tag", "y", "--build-url", "https://o/1"],
            system.merging(["GIT_BRANCH": "own", "BROKER_TAGS": "a"]) { $1 }
        )
        #expect([given.gitBranch, given.gitCommit, given.buildURL] == ["opt", "o1", "https://o/1"])
        #expect(given.brokerTags == ["x", "y"])
        let jenkins = try settings([], ["JENKINS_URL": "x", "GIT_BRANCH": "origin/a/b", "GIT_COMMIT": "j1"])
        #expect([jenkins.gitBranch, jenkins.gitCommit] == ["a/b", "j1"])
    }

    @Test(arguments: [
        ["--branch", ""], ["--commit", "a\nb"], ["--commit", "a b"], ["--branch", "a b"], ["--tag", "x\ty"],
        ["--build-url", ""],
    ])
    func refusesWhatNoBuildHas(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try BuildOptions.parse(arguments) }
    }
}
