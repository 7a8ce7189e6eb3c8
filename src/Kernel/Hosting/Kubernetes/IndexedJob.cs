using k8s.Models;

namespace Interactive.Kernel.Hosting.Kubernetes;

/// <summary>
/// Kubernetes' own kind: a job whose pods are numbered, and a service that gives them names. All ranks end together,
/// so each pod of them fails or is started anew with the others.
/// </summary>
internal static class IndexedJob
{
    private const int BadInput = 2;

    /// <summary>The service, then the job.</summary>
    public static IReadOnlyList<object> Create(ClusterTraining training)
    {
        var service = new V1Service
        {
            ApiVersion = "v1", Kind = "Service", Metadata = training.Metadata(),
            Spec = new()
            {
                ClusterIP = "None", PublishNotReadyAddresses = true, // the ranks meet before they are ready
                Selector = new Dictionary<string, string> { ["batch.kubernetes.io/job-name"] = training.Name },
                Ports = [new() { Name = "meeting", Port = ClusterTraining.Port }],
            },
        };
        var pod = training.Pod(training.MeetingCommand($"{training.Name}-0.{training.Name}"));
        pod.Subdomain = training.Name;
        var job = new V1Job
        {
            ApiVersion = "batch/v1", Kind = "Job",
            Metadata = training.Metadata(("kueue.x-k8s.io/queue-name", training.Queue)),
            Spec = new()
            {
                CompletionMode = "Indexed", Completions = training.Pods, Parallelism = training.Pods,
                BackoffLimit = training.Restarts * training.Pods, // counted by the pod
                PodReplacementPolicy = "Failed", // not beside one that still saves
                PodFailurePolicy = new()
                {
                    Rules =
                    [
                        new() { Action = "FailJob", OnExitCodes = On(BadInput) },
                        new() { Action = "Ignore", OnExitCodes = On(PodRanks.GoesOn) },
                        new()
                        {
                            Action = "Ignore",
                            OnPodConditions = [new() { Type = "DisruptionTarget", Status = "True" }],
                        },
                    ],
                },
                Suspend = training.Queue is null ? null : true, // Kueue wakes it
                Template = new() { Metadata = new() { Labels = training.Metadata().Labels }, Spec = pod },
            },
        };
        return [service, job];
    }

    private static V1PodFailurePolicyOnExitCodesRequirement On(int code)
        => new() { ContainerName = ClusterTraining.Container, OperatorProperty = "In", Values = [code] };
}
