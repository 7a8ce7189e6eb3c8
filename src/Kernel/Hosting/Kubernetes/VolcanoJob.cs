using System.Text.Json.Serialization;
using k8s.Models;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>
/// Volcano's job (<c>batch.volcano.sh/v1alpha1</c>): all of its pods start together or none does; its plug-ins number
/// the pods and give them names.
/// </summary>
internal sealed class VolcanoJob
{
    private const string Task = "rank";

    [JsonPropertyName("apiVersion")] public string ApiVersion { get; set; } = "batch.volcano.sh/v1alpha1";
    [JsonPropertyName("kind")] public string Kind { get; set; } = "Job";
    [JsonPropertyName("metadata")] public V1ObjectMeta? Metadata { get; set; }
    [JsonPropertyName("spec")] public VolcanoSpec? Spec { get; set; }

    public static IReadOnlyList<object> Create(ClusterTraining training) =>
    [
        new VolcanoJob
        {
            Metadata = training.Metadata(),
            Spec = new()
            {
                SchedulerName = "volcano", Queue = training.Queue, MinAvailable = training.Pods,
                MaxRetry = training.Restarts, Plugins = new() { ["env"] = [], ["svc"] = [] },
                Policies = [new() { Event = "PodEvicted", Action = "RestartJob" }],
                Tasks =
                [
                    new()
                    {
                        Name = Task, Replicas = training.Pods,
                        Policies =
                        [
                            new() { ExitCode = 2, Action = "AbortJob" }, // bad input
                            new() { Event = "PodFailed", Action = "RestartJob" },
                            new() { Event = "TaskCompleted", Action = "CompleteJob" },
                        ],
                        Template = new()
                        {
                            Spec = training.Pod(training.MeetingCommand($"{training.Name}-{Task}-0.{training.Name}")),
                        },
                    },
                ],
            },
        },
    ];
}

/// <summary>What a <see cref="VolcanoJob"/> is to be.</summary>
internal sealed class VolcanoSpec
{
    [JsonPropertyName("schedulerName")] public string? SchedulerName { get; set; }
    [JsonPropertyName("queue")] public string? Queue { get; set; }
    [JsonPropertyName("minAvailable")] public int MinAvailable { get; set; }
    [JsonPropertyName("maxRetry")] public int MaxRetry { get; set; }
    [JsonPropertyName("plugins")] public Dictionary<string, List<string>>? Plugins { get; set; }
    [JsonPropertyName("policies")] public List<VolcanoPolicy>? Policies { get; set; }
    [JsonPropertyName("tasks")] public List<VolcanoTask>? Tasks { get; set; }
}

/// <summary>Pods of one kind of a <see cref="VolcanoJob"/>.</summary>
internal sealed class VolcanoTask
{
    [JsonPropertyName("name")] public string? Name { get; set; }
    [JsonPropertyName("replicas")] public int Replicas { get; set; }
    [JsonPropertyName("policies")] public List<VolcanoPolicy>? Policies { get; set; }
    [JsonPropertyName("template")] public V1PodTemplateSpec? Template { get; set; }
}

/// <summary>What Volcano does when something happens: an event, or a container's exit code.</summary>
internal sealed class VolcanoPolicy
{
    [JsonPropertyName("event")] public string? Event { get; set; }
    [JsonPropertyName("exitCode")] public int? ExitCode { get; set; }
    [JsonPropertyName("action")] public string? Action { get; set; }
}
