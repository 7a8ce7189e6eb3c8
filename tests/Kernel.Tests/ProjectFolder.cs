namespace Interactive.Kernel.Tests;

/// <summary>The checkout that the tests were built in.</summary>
internal static class ProjectFolder
{
    /// <summary>The folder with the solution, from <c>tests/Kernel.Tests/bin/…</c> upwards.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "Interactive.sln")) ? folder
        : Find(Path.GetDirectoryName(folder)
        ?? throw new InvalidOperationException("the tests run outside the project"));
}
