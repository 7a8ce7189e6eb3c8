using System.Net;

namespace Interactive.Dashboard;

/// <summary>What is shown, and to whom.</summary>
/// <param name="Folder">The folder of run directories.</param>
/// <param name="Address">Where to listen.</param>
/// <param name="Port">0 for a free one.</param>
/// <param name="Token">What a browser has to bring once, or null where only this machine can ask.</param>
internal sealed record Settings(string Folder, IPAddress Address, int Port, string? Token)
{
    /// <summary>The variable by which the starter hands on the token: others can read a command line.</summary>
    public const string TokenVariable = "INTERACTIVE_DASHBOARD_TOKEN";

    /// <summary>True where only this machine can ask.</summary>
    public bool IsLocal => IPAddress.IsLoopback(Address);
}
