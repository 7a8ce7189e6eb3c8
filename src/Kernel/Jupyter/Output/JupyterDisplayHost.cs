using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;

namespace Interactive.Kernel.Jupyter;

/// <summary>Shows values below the running cell.</summary>
internal sealed class JupyterDisplayHost(Outbox outbox) : IDisplayHost
{
    public string Display(MimeBundle bundle, string? id = null)
    {
        id ??= Guid.NewGuid().ToString("N");
        Publish("display_data", id, bundle);
        return id;
    }

    public void Update(string id, MimeBundle bundle) => Publish("update_display_data", id, bundle);

    public void Clear(bool wait)
    {
        if (!CellOutput.IsSilent) outbox.Publish("clear_output", CellOutput.Current?.Header, new() { ["wait"] = wait });
    }

    private void Publish(string type, string id, MimeBundle bundle)
    {
        if (CellOutput.IsSilent) return;
        outbox.Publish(type, CellOutput.Current?.Header,
            new()
            {
                ["data"] = Data(bundle), ["metadata"] = new JsonObject(), ["transient"] =
            new JsonObject { ["display_id"] = id }
            });
    }

    /// <summary>A bundle as the protocol writes it.</summary>
    public static JsonObject Data(MimeBundle bundle) => BundleJson.Of(bundle, text => text);
}
