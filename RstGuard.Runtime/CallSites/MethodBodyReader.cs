using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;

namespace RstGuard.CallSites;

/// <summary>One instruction of a method's IL.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Code">The operation.</param>
/// <param name="Operand">Its operand where it is a token, an index or a short constant; else 0.</param>
internal readonly record struct Instruction(int Offset, OpCode Code, int Operand);

/// <summary>
/// A method's IL, read to find the calls in it: a stack frame inside a handler reports no usable offset (measured on .NET 10:
/// 0 in a finally that runs normally, the throwing instruction's offset in a catch or finally that an exception entered).
/// </summary>
internal sealed class MethodBodyReader
{
    private static readonly OpCode[] OneByte = new OpCode[0x100];
    private static readonly OpCode[] TwoBytes = new OpCode[0x100];

    private readonly MethodBase _method;
    private readonly Type[]? _typeArguments;
    private readonly Type[]? _methodArguments;

    static MethodBodyReader()
    {
        foreach (FieldInfo field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var code = (OpCode)field.GetValue(null)!;
            if (code.Size == 1)
            {
                OneByte[code.Value & 0xFF] = code;
            }
            else
            {
                TwoBytes[code.Value & 0xFF] = code;
            }
        }
    }

    private MethodBodyReader(MethodBase method, MethodBody body, List<Instruction> instructions)
    {
        _method = method;
        Body = body;
        Instructions = instructions;
        _typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        _methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
    }

    public MethodBody Body { get; }

    public IReadOnlyList<Instruction> Instructions { get; }

    /// <summary>Reads a method; null where it has no IL.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where IL was trimmed away the event source is off too, and the self-test says so.")]
    public static MethodBodyReader? Read(MethodBase method)
    {
        MethodBody? body;
        byte[]? il;
        try
        {
            body = method.GetMethodBody();
            il = body?.GetILAsByteArray();
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotSupportedException or BadImageFormatException)
        {
            // A dynamic method has no body to read.
            return null;
        }

        if (body is null || il is null)
        {
            return null;
        }

        var instructions = new List<Instruction>();
        for (int position = 0; position < il.Length;)
        {
            int offset = position;
            OpCode code = il[position] == 0xFE && position + 1 < il.Length ? TwoBytes[il[++position]] : OneByte[il[position]];
            position++;
            int size = OperandSize(code, il, position);
            if (size < 0 || position + size > il.Length)
            {
                return null;
            }

            int operand = size switch
            {
                1 => il[position],
                2 => BitConverter.ToUInt16(il, position),
                4 => BitConverter.ToInt32(il, position),
                _ => 0,
            };
            instructions.Add(new Instruction(offset, code, operand));
            position += size;
        }

        return new MethodBodyReader(method, body, instructions);
    }

    /// <summary>What the instruction calls; null where it is no call, or one that can't be resolved.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where members were trimmed away the event source is off too, and the self-test says so.")]
    public MethodBase? Callee(int index)
    {
        Instruction instruction = Instructions[index];
        if (instruction.Code != OpCodes.Call && instruction.Code != OpCodes.Callvirt && instruction.Code != OpCodes.Newobj)
        {
            return null;
        }

        return Resolve(() => _method.Module.ResolveMethod(instruction.Operand, _typeArguments, _methodArguments));
    }

    /// <summary>
    /// The type of the value that the instruction before <paramref name="index"/> leaves on the stack; null where that is not
    /// plain to see.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where members were trimmed away the event source is off too, and the self-test says so.")]
    public Type? TypeBefore(int index)
    {
        if (index == 0)
        {
            return null;
        }

        Instruction load = Instructions[index - 1];
        if (load.Code == OpCodes.Constrained || load.Code == OpCodes.Castclass || load.Code == OpCodes.Isinst)
        {
            return Resolve(() => _method.Module.ResolveType(load.Operand, _typeArguments, _methodArguments));
        }

        if (LocalLoaded(load) is { } local)
        {
            return local < Body.LocalVariables.Count ? Body.LocalVariables[local].LocalType : null;
        }

        if (load.Code == OpCodes.Ldfld || load.Code == OpCodes.Ldsfld)
        {
            return Resolve(() => _method.Module.ResolveField(load.Operand, _typeArguments, _methodArguments))?.FieldType;
        }

        if (load.Code == OpCodes.Call || load.Code == OpCodes.Callvirt || load.Code == OpCodes.Newobj)
        {
            return Callee(index - 1) switch
            {
                MethodInfo called => called.ReturnType,
                ConstructorInfo constructor => constructor.DeclaringType,
                _ => null,
            };
        }

        int? argument = load.Code.Name switch
        {
            "ldarg.0" => 0,
            "ldarg.1" => 1,
            "ldarg.2" => 2,
            "ldarg.3" => 3,
            "ldarg.s" or "ldarg" => load.Operand,
            _ => null,
        };
        if (argument is null)
        {
            return null;
        }

        if (!_method.IsStatic)
        {
            if (argument == 0)
            {
                return _method.DeclaringType;
            }

            argument--;
        }

        ParameterInfo[] parameters = _method.GetParameters();
        return argument < parameters.Length ? parameters[argument.Value].ParameterType : null;
    }

    /// <summary>
    /// For a call in code that the compiler made for a <c>using</c>: where the resource was stored, which lies in the
    /// statement that declares it. Null where the resource is not plain to see.
    /// </summary>
    public int? OffsetOfStore(int callIndex)
    {
        int load = callIndex - 1;
        if (load >= 0 && Instructions[load].Code == OpCodes.Constrained)
        {
            load--;
        }

        if (load < 0)
        {
            return null;
        }

        Instruction loaded = Instructions[load];
        int? local = LocalLoaded(loaded);
        bool field = loaded.Code == OpCodes.Ldfld || loaded.Code == OpCodes.Ldflda;
        for (int i = load - 1; i >= 0; i--)
        {
            Instruction store = Instructions[i];
            bool same = (local is not null && LocalStored(store) == local)
                || (field && store.Code == OpCodes.Stfld && store.Operand == loaded.Operand);
            if (same && i > 0 && Instructions[i - 1].Code != OpCodes.Ldnull)
            {
                return store.Offset;
            }
        }

        return null;
    }

    /// <summary>The token of the field that a parameterless call's receiver is loaded from; null where it is not.</summary>
    public int? FieldLoadedFor(int callIndex)
    {
        int load = callIndex - 1;
        if (load >= 0 && Instructions[load].Code == OpCodes.Constrained)
        {
            load--;
        }

        return load >= 0 && (Instructions[load].Code == OpCodes.Ldfld || Instructions[load].Code == OpCodes.Ldflda) ? Instructions[load].Operand : null;
    }

    /// <summary>Where the last value but null is stored in a field; null for nowhere.</summary>
    public int? OffsetOfStoreTo(int field)
    {
        for (int i = Instructions.Count - 1; i > 0; i--)
        {
            if (Instructions[i].Code == OpCodes.Stfld && Instructions[i].Operand == field && Instructions[i - 1].Code != OpCodes.Ldnull)
            {
                return Instructions[i].Offset;
            }
        }

        return null;
    }

    private static int? LocalLoaded(Instruction instruction) => instruction.Code.Name switch
    {
        "ldloc.0" => 0,
        "ldloc.1" => 1,
        "ldloc.2" => 2,
        "ldloc.3" => 3,
        "ldloc.s" or "ldloc" or "ldloca.s" or "ldloca" => instruction.Operand,
        _ => null,
    };

    private static int? LocalStored(Instruction instruction) => instruction.Code.Name switch
    {
        "stloc.0" => 0,
        "stloc.1" => 1,
        "stloc.2" => 2,
        "stloc.3" => 3,
        "stloc.s" or "stloc" => instruction.Operand,
        _ => null,
    };

    private static int OperandSize(OpCode code, byte[] il, int position) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => position + 4 <= il.Length ? SwitchSize(BitConverter.ToUInt32(il, position), il.Length) : -1,
        _ => 4,
    };

    private static int SwitchSize(uint targets, int length) => targets <= (uint)length / 4 ? 4 + ((int)targets * 4) : -1;

    private static T? Resolve<T>(Func<T?> resolve)
        where T : class
    {
        try
        {
            return resolve();
        }
        catch (Exception exception) when (exception is ArgumentException or BadImageFormatException or TypeLoadException or MissingMemberException or IOException)
        {
            // A member of an assembly that is not there: this call is none that has run.
            return null;
        }
    }
}
