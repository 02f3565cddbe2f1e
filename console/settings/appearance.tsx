// How the console looks, and which keys do what, in this browser.
import { useState } from 'react';
import { CheckField } from '../ui/field.tsx';
import { Section } from '../ui/page.tsx';
import { setPlainKeys, useShortcutSettings } from '../ui/shortcuts.ts';
import { currentTheme, setTheme, THEMES } from '../ui/theme.ts';
import { words } from '../words.ts';
import styles from './settings.module.css';
import { ShortcutTable } from './shortcut-table.tsx';

const said = words.settings.appearance;

export function AppearanceSettings() {
  const [theme, setShown] = useState(currentTheme);
  const { plain } = useShortcutSettings();
  return (
    <>
      <Section title={said.theme}>
        <fieldset className={styles.choices}>
          <legend className="unseen">{said.theme}</legend>
          {THEMES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="theme"
                checked={theme === one}
                onChange={() => {
                  setTheme(one);
                  setShown(one);
                }}
              />
              {words.everywhere.theme[one]}
            </label>
          ))}
        </fieldset>
      </Section>
      <Section title={said.shortcuts}>
        <p className={styles.note}>{said.shortcutsHelp}</p>
        <CheckField
          label={said.plain}
          hint={said.plainHelp}
          checked={plain}
          onChange={(event) => setPlainKeys(event.target.checked)}
        />
        <ShortcutTable />
      </Section>
    </>
  );
}
