using System.CommandLine;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting.Kubernetes;
using k8s;

namespace Interactive.Kernel.Hosting.Commands.Kubernetes;

/// <summary><c>interactive k8s manifest FILE.csx --image I --ranks N [--kind K] … [-- ARGS]</c></summary>
internal static partial class ManifestCommand
{
    private const int MostOfName = 52; // a pod adds its number

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "the script, as it is named inside the image" };
        var arguments = new Argument<string[]>("ARGS")
        {
            Description = "the script's arguments, after --",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var image = new Option<string>("--image") { Description = "see deploy/Dockerfile", Required = true };
        var ranks = new Option<int>("--ranks", "-n") { Description = "over all pods", Required = true };
        var perPod = new Option<int>("--ranks-per-pod") { Description = "of them", DefaultValueFactory = _ => 1 };
        var kind = new Option<string>("--kind")
        {
            Description = "job (Kubernetes' own, indexed), mpijob (Kubeflow) or volcano",
            DefaultValueFactory = _ => "job",
        };
        kind.AcceptOnlyFromAmong("job", "mpijob", "volcano");
        var queue = new Option<string?>("--queue") { Description = "of Kueue (job, mpijob) or Volcano" };
        var name = new Option<string?>("--job-name") { Description = "default: the script's" };
        var space = new Option<string?>("--namespace") { Description = "default: the one kubectl is set to" };
        var cpu = new Option<string?>("--cpu") { Description = "cores of a pod, such as 8" };
        var memory = new Option<string?>("--memory") { Description = "memory of a pod, such as 32Gi" };
        var gpus = new Option<int>("--gpus") { Description = "NVIDIA GPUs of a pod" };
        var claim = new Option<string?>("--claim")
        {
            Description = "a volume claim (ReadWriteMany) that keeps the runs; without one they end with their pods",
        };
        var root = new Option<string>("--out")
        {
            Description = "folder of run directories, inside the container",
            DefaultValueFactory = _ => "/work/runs",
        };
        var grace = new Option<int>("--grace")
        {
            Description = "seconds that a pod has to save when it is to end",
            DefaultValueFactory = _ => 150,
        };
        var restarts = new Option<int>("--restarts")
        {
            Description = "how often all ranks may start again after a failure",
            DefaultValueFactory = _ => 3,
        };
        var command = new Command("manifest", "Prints the YAML that kubectl apply takes.") { file, arguments };
        foreach (var option in new Option[] { image, ranks, perPod, kind, queue, name, space, cpu, memory, gpus, claim, root, grace, restarts }) command.Add(option);
        command.SetAction(parsed =>
        {
            foreach (var (option, least) in new[] { (ranks, 1), (perPod, 1), (gpus, 0), (grace, 1), (restarts, 0) })
                if (parsed.GetValue(option) < least)
                    throw new UsageException($"{option.Name} {parsed.GetValue(option)}: at least {least} is needed");
            if (parsed.GetValue(ranks) % parsed.GetValue(perPod) != 0)
                throw new UsageException($"--ranks {parsed.GetValue(ranks)}, --ranks-per-pod {parsed.GetValue(perPod)}: each pod needs as many as the others");
            foreach (var option in new[] { cpu, memory })
                if (parsed.GetValue(option) is { } amount && !Quantity().IsMatch(amount))
                    throw new UsageException($"{option.Name} {amount}: write it as Kubernetes does, such as 8, 500m or 32Gi");
            var training = new ClusterTraining(Name(parsed.GetValue(name), parsed.GetValue(file)!),
                parsed.GetValue(image)!, parsed.GetValue(file)!, parsed.GetValue(arguments) ?? [],
                parsed.GetValue(ranks), parsed.GetValue(perPod))
            {
                Namespace = parsed.GetValue(space), Queue = parsed.GetValue(queue), Cpu = parsed.GetValue(cpu),
                Memory = parsed.GetValue(memory), Gpus = parsed.GetValue(gpus), Claim = parsed.GetValue(claim),
                Out = parsed.GetValue(root)!, Grace = parsed.GetValue(grace), Restarts = parsed.GetValue(restarts),
            };
            Console.Write(ToYaml(training, parsed.GetValue(kind)!));
            return 0;
        });
        return command;
    }

    /// <summary>The objects of a kind, as one text.</summary>
    internal static string ToYaml(ClusterTraining training, string kind)
        => KubernetesYaml.SerializeAll(kind switch
        {
            "mpijob" => MpiJob.Create(training),
            "volcano" => VolcanoJob.Create(training),
            _ => IndexedJob.Create(training),
        });

    private static string Name(string? given, string script)
    {
        var name = given ?? Odd().Replace(Path.GetFileNameWithoutExtension(script).ToLowerInvariant(), "-").Trim('-');
        return name.Length <= MostOfName && Label().IsMatch(name) ? name
            : throw new UsageException($"--job-name {name}: a name of at most {MostOfName} of a-z, 0-9 and - is needed, which begins with a letter");
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Odd();

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex Label();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?(m|[kKMGT]i?)?$")]
    private static partial Regex Quantity();
}
