using System.Globalization;
using k8s.Models;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>What is asked of Kubernetes, whatever kind of object carries it.</summary>
/// <param name="Name">Of the objects: a DNS label.</param>
/// <param name="Image">With the program, an MPI and the script in it.</param>
/// <param name="Script">The training script, as it is named inside the image.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Ranks">Over all pods.</param>
/// <param name="RanksPerPod">Of them, in each pod.</param>
internal sealed record ClusterTraining(string Name, string Image, string Script, IReadOnlyList<string> Arguments,
    int Ranks, int RanksPerPod)
{
    /// <summary>The one container of a pod.</summary>
    public const string Container = "train";

    /// <summary>Where the ranks meet, on the first pod.</summary>
    public const int Port = 9470;

    /// <summary>Null for the one that kubectl is set to.</summary>
    public string? Namespace { get; init; }

    /// <summary>Of Kueue (job, mpijob) or of Volcano; null for none.</summary>
    public string? Queue { get; init; }

    /// <summary>Cores of a pod as Kubernetes writes them, such as 8 or 500m; null for what is free.</summary>
    public string? Cpu { get; init; }

    /// <summary>Memory of a pod, such as 32Gi; null for no limit.</summary>
    public string? Memory { get; init; }

    /// <summary>NVIDIA GPUs of a pod.</summary>
    public int Gpus { get; init; }

    /// <summary>The volume claim that keeps run directories, which all pods mount; null: they end with the pods.</summary>
    public string? Claim { get; init; }

    /// <summary>Where run directories are written, inside the container.</summary>
    public string Out { get; init; } = "/work/runs";

    /// <summary>Seconds from the word that a pod is to end until it is killed: a step and a checkpoint.</summary>
    public int Grace { get; init; } = 150;

    /// <summary>How often all ranks may start again after a failure.</summary>
    public int Restarts { get; init; } = 3;

    /// <summary>Pods that train.</summary>
    public int Pods => Ranks / RanksPerPod;

    /// <summary>The script and its arguments as the last words of a command.</summary>
    public IEnumerable<string> Words
        => [Script, "--", .. Arguments, .. Arguments.Contains("--resume") ? [] : new[] { "--resume" },
            .. Arguments.Contains("--out") ? [] : new[] { "--out", Out }];

    /// <summary>The command of a pod whose ranks find the others by themselves.</summary>
    /// <param name="first">The name of the first pod.</param>
    public IList<string> MeetingCommand(string first)
        => ["interactive", "k8s", "pod", "--ranks", Text(Ranks), "--ranks-per-pod", Text(RanksPerPod), "--meet",
            $"{first}:{Text(Port)}", .. Words];

    /// <summary>Name, namespace and labels of an object.</summary>
    public V1ObjectMeta Metadata(params (string Key, string? Value)[] labels)
        => new()
        {
            Name = Name, NamespaceProperty = Namespace,
            Labels = labels.Where(l => l.Value is not null).Prepend(("app.kubernetes.io/name", Name))
                .ToDictionary(l => l.Item1, l => l.Item2!),
        };

    /// <summary>A pod.</summary>
    /// <param name="command">Of its container; null for the image's own.</param>
    /// <param name="isIdle">One that only starts the others and has none of their cores.</param>
    public V1PodSpec Pod(IList<string>? command, bool isIdle = false)
    {
        var resources = new Dictionary<string, ResourceQuantity>();
        if (Cpu is not null && !isIdle) resources["cpu"] = new(Cpu);
        if (Memory is not null && !isIdle) resources["memory"] = new(Memory);
        if (Gpus > 0 && !isIdle) resources["nvidia.com/gpu"] = new(Text(Gpus));
        // Ranks of a pod share their memory there; the default of 64 MB is too little for gradients.
        var shared = new V1Volume { Name = "shared-memory", EmptyDir = new() { Medium = "Memory" } };
        var kept = Claim is null ? null
            : new V1Volume { Name = "runs", PersistentVolumeClaim = new() { ClaimName = Claim } };
        return new()
        {
            RestartPolicy = "Never", TerminationGracePeriodSeconds = Grace,
            Containers =
            [
                new()
                {
                    Name = Container, Image = Image, Command = command,
                    Resources = resources.Count == 0 ? null : new() { Limits = resources, Requests = resources },
                    VolumeMounts =
                    [
                        new() { Name = shared.Name, MountPath = "/dev/shm" },
                        .. kept is null ? [] : new V1VolumeMount[] { new() { Name = kept.Name, MountPath = Out } },
                    ],
                },
            ],
            Volumes = [shared, .. kept is null ? [] : new[] { kept }],
        };
    }

    /// <summary>A number as commands take it.</summary>
    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
