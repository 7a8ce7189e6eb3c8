using System.Globalization;
using System.Runtime.InteropServices;

namespace Interactive.Kernel.Hosting;

/// <summary>
/// Cultures that scripts name, where the machine has ICU; without it the runtime would end the process at the first of
/// them, and knows the invariant culture only. Either way that is the one in use: a run writes and reads the same
/// everywhere.
/// </summary>
internal static class Cultures
{
    private const int Oldest = 50, Newest = 99;

    /// <summary>To be called first of all: the runtime asks once.</summary>
    public static void Choose()
    {
        if (!HasIcu()) AppContext.SetSwitch("System.Globalization.Invariant", true);
        CultureInfo.DefaultThreadCurrentCulture =
            CultureInfo.DefaultThreadCurrentUICulture =
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
    }

    // What the runtime looks for: a library with its version in the name, newest first.
    private static bool HasIcu()
    {
        foreach (var folder in new[] { "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib" })
            for (var version = Newest; version >= Oldest; version--)
                if (File.Exists($"{folder}/libicuuc.so.{version}")) return CanLoad($".{version}");
        return CanLoad("");
    }

    private static bool CanLoad(string version)
        => NativeLibrary.TryLoad($"libicuuc.so{version}", out _)
        && NativeLibrary.TryLoad($"libicui18n.so{version}", out _);
}
