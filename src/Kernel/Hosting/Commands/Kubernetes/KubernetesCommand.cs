using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands.Kubernetes;

/// <summary><c>interactive k8s …</c></summary>
internal static class KubernetesCommand
{
    public static Command Create()
        => new("k8s", "Writes what Kubernetes needs to train a script on several pods.")
        {
            ManifestCommand.Create(), PodCommand.Create(),
        };
}
