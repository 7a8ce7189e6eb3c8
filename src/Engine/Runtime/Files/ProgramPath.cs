namespace Interactive.Runtime;

/// <summary>Where programs lie that are called by name.</summary>
internal static class ProgramPath
{
    /// <summary>The first of the folders in <c>PATH</c> that has it, with the name; null for none.</summary>
    public static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
