using System.Diagnostics;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>Files that Debian's PyTorch writes, made once for a run of the tests.</summary>
internal static class OnnxFiles
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, string?> Made = [];
    public static readonly string Folder = Directory.CreateTempSubdirectory("interactive-onnx-").FullName;

    static OnnxFiles() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>A net of export.py; skips where python3-torch and python3-torchvision are not installed.</summary>
    public static string Exported(string name)
    {
        Skip.IfNot(HasPython("torch, torchvision, onnx"), "needs python3-torch, python3-torchvision and python3-onnx");
        lock (Gate)
        {
            var path = Path.Combine(Folder, name + ".onnx");
            if (!File.Exists(path)) Python([Path.Combine(AppContext.BaseDirectory, "Onnx", "export.py"), Folder, name]);
            Assert.True(File.Exists(path), $"{name} was not exported");
            return path;
        }
    }

    /// <summary>Runs Debian's Python and gives what it printed.</summary>
    public static string Python(string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/python3",
            arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["OMP_NUM_THREADS"] = "1" },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"python3 {string.Join(' ', arguments)}: {error.Result}");
    }

    /// <summary>True where Debian's Python has these modules.</summary>
    public static bool HasPython(string modules)
    {
        lock (Gate)
        {
            if (!Made.ContainsKey(modules))
                try { Made[modules] = File.Exists("/usr/bin/python3") ? Python(["-c", $"import {modules}"]) : null; }
                catch (InvalidOperationException) { Made[modules] = null; }
            return Made[modules] is not null;
        }
    }
}
