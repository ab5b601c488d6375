import Shared
import TestSupport
import Testing

/// docs/settings.md is where most people read about settings: it must say what the code does.
@Suite struct SettingsTableTests {
    @Test func thePageHasOneRowForEachSettingWithItsDefault() throws {
        let page = try RepositoryFile.text("docs/settings.md")
        for setting in SettingCatalog.all {
            let fallback = setting.defaultText.isEmpty ? "–" : "`\(setting.defaultText)`"
            let row = "| `\(setting.name)` | \(fallback) | \(setting.allowed) | \(setting.help)"
            #expect(page.contains(row), "docs/settings.md lacks: \(row)")
        }
    }
}
