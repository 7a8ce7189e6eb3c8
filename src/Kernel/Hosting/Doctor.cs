using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interactive.Collectives;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Kernel.Hosting.Commands;
using Interactive.Kernel.Scripting;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting;

/// <summary>What this machine has, and what is missing for the main job: training a script on several ranks.</summary>
internal sealed class Doctor
{
    /// <summary>Flag of the rank that this command starts to ask an MPI, which knows only once it runs.</summary>
    public const string GpuSums = "--gpu-sums";

    private const string FashionMnist = "/usr/share/datasets/fashion-mnist";

    private readonly JsonObject facts = [];
    private readonly JsonArray missing = [];

    /// <summary>False when the main job, training a script on the CPU, cannot run.</summary>
    public bool Ok { get; private set; } = true;

    public static Doctor Examine()
    {
        var doctor = new Doctor();
        doctor.Machine();
        doctor.Torch();
        doctor.Mpi();
        doctor.Tools();
        doctor.facts["missing"] = doctor.missing;
        doctor.facts.Insert(0, "ok", doctor.Ok);
        return doctor;
    }

    /// <summary>Where a rank's gradients on a GPU are summed, and why; asked by a rank.</summary>
    public static string? GpuSumsOfRank()
    {
        _ = World.Current;
        return World.GpuSums;
    }

    public string ToJson() => facts.ToJsonString();

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in facts)
            if (name is not ("ok" or "missing")) text.AppendLine($"{name,-16} {Plain(value)}");
        foreach (var item in missing) text.AppendLine($"missing: {item!["what"]} ({item["for"]}): {item["install"]}");
        return text.Append(Ok ? "Ready to train." : "Not ready to train: see what is missing above.").ToString();
    }

    private static string Plain(JsonNode? value) => value switch
    {
        null => "none",
        JsonArray { Count: 0 } => "none",
        JsonArray items => string.Join("; ", items.Select(Plain)),
        JsonObject properties => string.Join(", ", properties.Select(p => $"{p.Key} {Plain(p.Value)}")),
        JsonValue v when v.GetValueKind() == JsonValueKind.True => "yes",
        JsonValue v when v.GetValueKind() == JsonValueKind.False => "no",
        _ => value.ToString(),
    };

    private void Lacks(string what, string purpose, string install, bool needed = false)
    {
        missing.Add(new JsonObject { ["what"] = what, ["for"] = purpose, ["install"] = install });
        if (needed) Ok = false;
    }

    private void Machine()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        facts["interactive"] =
            typeof(Doctor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        facts["dotnet"] = Environment.Version.ToString();
        facts["system"] = RuntimeInformation.OSDescription;
        facts["architecture"] = RuntimeInformation.ProcessArchitecture.ToString();
        facts["cores"] = Environment.ProcessorCount;
        facts["memoryBytes"] = memory;
    }

    private void Torch()
    {
        try
        {
            TorchLoader.EnsureLoaded();
            facts["torchSharp"] = typeof(TorchSharp.torch).Assembly.GetName().Version?.ToString(3);
            facts["libtorch"] = TorchSharp.torch.__version__;
            facts["libstdcxxPatch"] = TorchLoader.IsPatched;
            facts["nativeLibrary"] = TorchLoader.LoadedFrom;
            facts["libtorchFolder"] = TorchLoader.LibtorchFolder;
            facts["threads"] = TorchSharp.torch.get_num_threads();
            facts["nativeFeatures"] =
                new JsonObject(NativeFeatures.Examine()
                .Select(f => KeyValuePair.Create<string, JsonNode?>(f.Key, f.Value)));
            facts["memoryMeter"] = MemoryMeter.Current.Kind;
            facts["devices"] = new JsonArray([.. Devices()]);
        }
        catch (Exception e)
        {
            facts["libtorch"] = null;
            Lacks($"libtorch: {(e as TypeInitializationException)?.InnerException?.Message ?? e.Message}", "training",
                "dotnet build -c Release", needed: true);
        }
    }

    private static IEnumerable<JsonNode> Devices()
    {
        yield return "cpu";
        if (!TorchSharp.torch.cuda.is_available()) yield break;
        for (var i = 0; i < TorchSharp.torch.cuda.device_count(); i++) yield return $"cuda:{i}";
    }

    private void Mpi()
    {
        var found = MpiLauncher.Installed();
        facts["mpi"] =
            new JsonArray([.. found.Select(m
            => new JsonObject { ["flavor"] = m.Flavor.ToString(), ["version"] = Version(m.Path), ["launcher"] =
            m.Path })]);
        facts["gpuGradients"] = RanksAgain.IsOne ? GpuSumsOfRank()
            : new JsonArray([.. found.AsParallel().AsOrdered()
            .Select(m => (JsonNode)$"{m.Flavor}: {AskRank(m.Flavor)}")]);
        if (found.Count == 0) Lacks("MPI", "launch", "apt-get install openmpi-bin");
    }

    private static string AskRank(MpiFlavor flavor)
    {
        var start = MpiLauncher.Command(1, [DotnetProgram.Path, typeof(Doctor).Assembly.Location, "doctor", GpuSums],
            flavor);
        return Output(start)?.Split('\n').FirstOrDefault(line => line.StartsWith("summed "))
            ?? "its mpirun does not start a rank";
    }

    private static string? Version(string launcher)
    {
        // "mpirun (Open MPI) 4.1.4", or for MPICH a table with "Version: 4.0.2".
        var output = Output(launcher, "--version");
        var lines = output?.Split('\n') ?? [];
        return lines.FirstOrDefault(l => l.Contains("Version:"))?.Split(':')[1].Trim()
            ?? lines.FirstOrDefault()?.Split(' ')[^1].Trim();
    }

    private void Tools()
    {
        var hasData = Directory.Exists(FashionMnist)
            || Directory.Exists(FashionMnist.Replace("fashion-mnist", "dataset-fashion-mnist"));
        facts["fashionMnist"] = hasData;
        if (!hasData)
            Lacks("Fashion-MNIST", "the example notebooks/train.csx", "apt-get install dataset-fashion-mnist");

        var jupyter = Output("jupyter",
            "--version")?.Split('\n')
            .FirstOrDefault(l => l.StartsWith("jupyter_client") || l.StartsWith("jupyter_core"))?.Split(':')[^1].Trim();
        facts["jupyter"] = jupyter;
        if (jupyter is null) Lacks("Jupyter", "notebooks", "apt-get install jupyter-notebook");
    }

    /// <summary>What a program writes, or null when it is not there or fails.</summary>
    private static string? Output(string program, string argument) => Output(new ProcessStartInfo(program, [argument]));

    private static string? Output(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output + errors.Result : null;
        }
        catch (System.ComponentModel.Win32Exception) { return null; }
    }
}
