namespace Interactive.Training;

/// <summary>
/// The names that a family of files gives to the tensors of a net. A name that no rule knows stays as it is.
/// </summary>
/// <param name="Name">How messages call it.</param>
/// <param name="Rules">Tried in order; of several for one tensor the first is written.</param>
public sealed record NameRules(string Name, params IReadOnlyList<NameRule> Rules)
{
    private static NameRule Qkv(string ours, string theirs, int part) => new(ours, theirs) { Part = part, Parts = 3 };

    /// <summary>
    /// The net's own names, which are torchvision's for its ResNet, VGG, AlexNet, DenseNet, MobileNet-v2 and GoogLeNet,
    /// and timm's for its ResNet and DenseNet.
    /// </summary>
    public static NameRules Own { get; } = new("its own");

    /// <summary>torchvision's <c>VisionTransformer</c>, for <c>vit</c>.</summary>
    public static NameRules TorchvisionVit { get; } = new("torchvision's ViT",
        new("class_token.weight", "class_token") { Leading = 1 },
        new("pos_embedding.weight", "encoder.pos_embedding") { Leading = 1 },
        new("encoder.#.attn.c_attn.*", "encoder.layers.encoder_layer_#.self_attention.in_proj_*"),
        new("encoder.#.attn.c_proj.*", "encoder.layers.encoder_layer_#.self_attention.out_proj.*"),
        new("encoder.#.mlp.c_fc.*", "encoder.layers.encoder_layer_#.mlp.0.*"),
        new("encoder.#.mlp.c_proj.*", "encoder.layers.encoder_layer_#.mlp.3.*"),
        new("encoder.#.mlp.c_fc.*", "encoder.layers.encoder_layer_#.mlp.linear_1.*"),
        new("encoder.#.mlp.c_proj.*", "encoder.layers.encoder_layer_#.mlp.linear_2.*"),
        new("encoder.#.*", "encoder.layers.encoder_layer_#.*"),
        new("ln.*", "encoder.ln.*"),
        new("head.*", "heads.head.*"));

    /// <summary>timm's <c>vit_*</c>, for <c>vit</c>.</summary>
    public static NameRules TimmVit { get; } = new("timm's ViT",
        new("conv_proj.*", "patch_embed.proj.*"),
        new("class_token.weight", "cls_token") { Leading = 1 },
        new("pos_embedding.weight", "pos_embed") { Leading = 1 },
        new("encoder.#.ln_1.*", "blocks.#.norm1.*"),
        new("encoder.#.attn.c_attn.*", "blocks.#.attn.qkv.*"),
        new("encoder.#.attn.c_proj.*", "blocks.#.attn.proj.*"),
        new("encoder.#.ln_2.*", "blocks.#.norm2.*"),
        new("encoder.#.mlp.c_fc.*", "blocks.#.mlp.fc1.*"),
        new("encoder.#.mlp.c_proj.*", "blocks.#.mlp.fc2.*"),
        new("ln.*", "norm.*"));

    /// <summary>Hugging Face's <c>ViTForImageClassification</c>, for <c>vit</c>.</summary>
    public static NameRules HuggingFaceVit { get; } = new("Hugging Face's ViT",
        new("conv_proj.*", "[vit.]embeddings.patch_embeddings.projection.*"),
        new("class_token.weight", "[vit.]embeddings.cls_token") { Leading = 1 },
        new("pos_embedding.weight", "[vit.]embeddings.position_embeddings") { Leading = 1 },
        new("encoder.#.ln_1.*", "[vit.]encoder.layer.#.layernorm_before.*"),
        Qkv("encoder.#.attn.c_attn.*", "[vit.]encoder.layer.#.attention.attention.query.*", 0),
        Qkv("encoder.#.attn.c_attn.*", "[vit.]encoder.layer.#.attention.attention.key.*", 1),
        Qkv("encoder.#.attn.c_attn.*", "[vit.]encoder.layer.#.attention.attention.value.*", 2),
        new("encoder.#.attn.c_proj.*", "[vit.]encoder.layer.#.attention.output.dense.*"),
        new("encoder.#.ln_2.*", "[vit.]encoder.layer.#.layernorm_after.*"),
        new("encoder.#.mlp.c_fc.*", "[vit.]encoder.layer.#.intermediate.dense.*"),
        new("encoder.#.mlp.c_proj.*", "[vit.]encoder.layer.#.output.dense.*"),
        new("ln.*", "[vit.]layernorm.*"),
        new("head.*", "classifier.*"),
        new("", "vit.pooler.dense.*"));

    /// <summary>
    /// Hugging Face's GPT-2, for <c>gpt</c>: its matrices lie the other way round, the head is the table of tokens.
    /// </summary>
    public static NameRules HuggingFaceGpt2 { get; } = new("Hugging Face's GPT-2",
        new("wte.*", "[transformer.]wte.*"),
        new("wpe.*", "[transformer.]wpe.*") { FirstRows = true },
        new("h.#.ln_1.*", "[transformer.]h.#.ln_1.*"),
        new("h.#.ln_2.*", "[transformer.]h.#.ln_2.*"),
        new("", "[transformer.]h.#.attn.bias"), // the causal mask
        new("", "[transformer.]h.#.attn.masked_bias"),
        new("h.#.attn.c_attn.*", "[transformer.]h.#.attn.c_attn.*") { Transposed = true },
        new("h.#.attn.c_proj.*", "[transformer.]h.#.attn.c_proj.*") { Transposed = true },
        new("h.#.mlp.c_fc.*", "[transformer.]h.#.mlp.c_fc.*") { Transposed = true },
        new("h.#.mlp.c_proj.*", "[transformer.]h.#.mlp.c_proj.*") { Transposed = true },
        new("ln_f.*", "[transformer.]ln_f.*"),
        new("wte.weight", "lm_head.weight"),
        new("", "lm_head.bias"));

    /// <summary>
    /// Hugging Face's BERT, for a net with BERT's own names; old names of its norms and a prefix <c>bert.</c> are
    /// understood.
    /// </summary>
    public static NameRules HuggingFaceBert { get; } = new("Hugging Face's BERT",
        new("", "[bert.]embeddings.position_ids"),
        new("", "cls.*"), // what it was trained with
        new("embeddings.LayerNorm.weight", "[bert.]embeddings.LayerNorm.weight"),
        new("embeddings.LayerNorm.bias", "[bert.]embeddings.LayerNorm.bias"),
        new("embeddings.LayerNorm.weight", "[bert.]embeddings.LayerNorm.gamma"),
        new("embeddings.LayerNorm.bias", "[bert.]embeddings.LayerNorm.beta"),
        new("encoder.layer.#.attention.output.LayerNorm.weight",
            "[bert.]encoder.layer.#.attention.output.LayerNorm.gamma"),
        new("encoder.layer.#.attention.output.LayerNorm.bias",
            "[bert.]encoder.layer.#.attention.output.LayerNorm.beta"),
        new("encoder.layer.#.output.LayerNorm.weight", "[bert.]encoder.layer.#.output.LayerNorm.gamma"),
        new("encoder.layer.#.output.LayerNorm.bias", "[bert.]encoder.layer.#.output.LayerNorm.beta"),
        new("embeddings.*", "[bert.]embeddings.*"),
        new("encoder.*", "[bert.]encoder.*"),
        new("pooler.*", "[bert.]pooler.*"));

    /// <summary>All tables, in the order in which they are tried.</summary>
    public static IReadOnlyList<NameRules> All { get; } = [Own, TorchvisionVit, TimmVit, HuggingFaceVit,
        HuggingFaceGpt2, HuggingFaceBert];
}
