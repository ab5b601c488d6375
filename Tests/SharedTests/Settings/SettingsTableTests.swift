import Shared
import TestSupport
import Testing

/// The README is the only place where most people read about settings: it must say what the code does.
@Suite struct SettingsTableTests {
    @Test func theReadmeHasOneRowForEachSettingWithItsDefault() throws {
        let readme = try RepositoryFile.text("README.md")
        for setting in SettingCatalog.all {
            let fallback = setting.defaultText.isEmpty ? "–" : "`\(setting.defaultText)`"
            let row = "| `\(setting.name)` | \(fallback) | \(setting.allowed) | \(setting.help)"
            #expect(readme.contains(row), "README.md lacks: \(row)")
        }
    }
}
