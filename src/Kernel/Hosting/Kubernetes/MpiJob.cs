using System.Text.Json.Serialization;
using k8s.Models;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>
/// Kubeflow's MPIJob (<c>kubeflow.org/v2beta1</c>): a launcher with mpirun, and workers with an SSH server, to which
/// the operator gives keys and a list of hosts.
/// </summary>
internal sealed class MpiJob
{
    [JsonPropertyName("apiVersion")] public string ApiVersion { get; set; } = "kubeflow.org/v2beta1";
    [JsonPropertyName("kind")] public string Kind { get; set; } = "MPIJob";
    [JsonPropertyName("metadata")] public V1ObjectMeta? Metadata { get; set; }
    [JsonPropertyName("spec")] public MpiJobSpec? Spec { get; set; }

    public static IReadOnlyList<object> Create(ClusterTraining training) =>
    [
        new MpiJob
        {
            Metadata = training.Metadata(("kueue.x-k8s.io/queue-name", training.Queue)),
            Spec = new()
            {
                SlotsPerWorker = training.RanksPerPod, MpiImplementation = "OpenMPI",
                RunPolicy = new()
                {
                    CleanPodPolicy = "Running", BackoffLimit = training.Restarts,
                    Suspend = training.Queue is null ? null : true,
                },
                MpiReplicaSpecs = new()
                {
                    ["Launcher"] = new()
                    {
                        Replicas = 1,
                        Template = new()
                        {
                            Spec = training.Pod(["interactive", "launch", "--mpi", "openmpi", "-n",
                                ClusterTraining.Text(training.Ranks), .. training.Words], isIdle: true),
                        },
                    },
                    ["Worker"] = new()
                    {
                        Replicas = training.Pods,
                        Template = new() { Spec = training.Pod(["/usr/sbin/sshd", "-De"]) },
                    },
                },
            },
        },
    ];
}

/// <summary>What an <see cref="MpiJob"/> is to be.</summary>
internal sealed class MpiJobSpec
{
    [JsonPropertyName("slotsPerWorker")] public int SlotsPerWorker { get; set; }
    [JsonPropertyName("mpiImplementation")] public string? MpiImplementation { get; set; }
    [JsonPropertyName("runPolicy")] public MpiRunPolicy? RunPolicy { get; set; }
    [JsonPropertyName("mpiReplicaSpecs")] public Dictionary<string, MpiReplica>? MpiReplicaSpecs { get; set; }
}

/// <summary>How an <see cref="MpiJob"/> ends and starts again.</summary>
internal sealed class MpiRunPolicy
{
    [JsonPropertyName("cleanPodPolicy")] public string? CleanPodPolicy { get; set; }
    [JsonPropertyName("backoffLimit")] public int BackoffLimit { get; set; }
    [JsonPropertyName("suspend")] public bool? Suspend { get; set; }
}

/// <summary>Pods of one kind of an <see cref="MpiJob"/>.</summary>
internal sealed class MpiReplica
{
    [JsonPropertyName("replicas")] public int Replicas { get; set; }
    [JsonPropertyName("template")] public V1PodTemplateSpec? Template { get; set; }
}
