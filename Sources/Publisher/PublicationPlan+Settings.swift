import Shared

extension PublicationPlan.Configuration {
    init(_ settings: Settings) {
        self.init(
            policy: VersionPolicy(
                branch: settings.gitBranch,
                commit: settings.gitCommit,
                mode: settings.versionPolicy
            ),
            createPacticipants: settings.createPacticipants,
            checkInterval: settings.checkInterval
        )
        if !settings.gitBranch.isEmpty { labels.append(.branch(settings.gitBranch)) }
        labels += settings.brokerTags.map { .tag($0) }
        if !settings.buildURL.isEmpty { labels.append(.buildURL(settings.buildURL)) }
    }
}
