import Shared
import SharedCommandLine

/// Entry point; everything else is in ``WatcherCommand``.
@main
struct WatcherMain {
    static func main() {
        WatcherCommand.run(appendix: HelpText.settingsAndExitCodes(settings: WatcherCommand.settings))
    }
}
