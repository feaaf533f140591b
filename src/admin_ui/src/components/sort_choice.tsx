/** What a list is sorted by, where it has no heads to click on. */

interface Props {
  readonly label: string;
  readonly value: string;
  readonly onChoose: (value: string) => void;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

/** What a list is sorted by, where its heads are not shown. */
export function SortChoice({ label, value, onChoose, options }: Props) {
  return (
    <label class="list-sort">
      <span>{label}</span>
      <select class="input" value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
