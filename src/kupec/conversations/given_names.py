"""Given names that are common where we sell: a capital word after one of them is a surname."""

from kupec.conversations.name_forms import forms_of

_CZECH = """
Adam Adéla Albert Aleš Alena Alexandr Alexandra Alice Alžběta Andrea Andrej Anežka Anna Antonín Barbora Bedřich Blanka
Bohumil
Božena Břetislav Bohuslav Dagmar Dalibor Dana Daniel Daniela David Denisa Dominik Dominika Drahomíra Dušan Eduard
Eliška Ema
Emil Eva Evžen Ester Filip František Františka Gabriela Hana Helena Hynek Igor Ilona Irena Iva Ivan Ivana Iveta Ivo
Jakub Jan
Jana Jarmila Jaromír Jaroslav Jaroslava Jindřich Jiří Jiřina Jitka Josef Julie Kamil Kamila Karel Karolína Kateřina
Klára
Kristýna Květa Květoslava Ladislav Lenka Leoš Libor Libuše Linda Lubomír Lubomíra Lubor Luboš Lucie Luděk Ludmila
Lukáš Magdaléna
Marcel Marcela Marek Marie Markéta Marta Martin Martina Matěj Matyáš Michaela Michal Milada Milan Milena Miloslav
Miloš Miloslava
Miroslav Miroslava Monika Naděžda Natálie Nela Nikola Oldřich Olga Ondřej Oto Otakar Patrik Pavel Pavla Pavlína Petr
Petra
Přemysl Radek Radim Radka Radomír Radovan Renata René Richard Robert Roman Romana Rostislav Rudolf Růžena Řehoř Sabina
Simona
Soňa Stanislav Stanislava Stela Svatopluk Svatava Šárka Šimon Štefan Štěpán Štěpánka Tereza Tomáš Vácslav Václav
Vendula Vanda
Veronika Věra Viktor Viktorie Vilém Viola Vít Vítězslav Vladimír Vladimíra Vlasta Vlastimil Vojtěch Vratislav Zbyněk
Zdeněk
Zdenka Zdeňka Zuzana Žaneta Žofie Bohdan Jozef Juraj Ľubica Zlatica Katarína Marián Štefánia Peter Mária Tibor Ján Matúš
"""
_POLISH = """
Adrian Agata Agnieszka Aleksander Aleksandra Alicja Andrzej Aneta Antoni Arkadiusz Artur Barbara Bartłomiej Bartosz
Beata Bogdan
Bogumiła Bożena Cezary Czesław Damian Danuta Dariusz Dawid Dorota Edward Edyta Elżbieta Ewa Ewelina Fabian Franciszek
Grażyna
Grzegorz Halina Hanna Henryk Honorata Hubert Ignacy Irena Iwona Iza Izabela Jacek Jadwiga Janina Janusz Jarosław Jerzy
Joanna Jolanta
Józef Julia Justyna Kacper Karol Karolina Katarzyna Kazimierz Kinga Konrad Krystyna Krystian Krzysztof Leszek Lidia
Łukasz Maciej
Magdalena Małgorzata Marcin Maria Mariola Mariusz Marzena Mateusz Mieczysław Mikołaj Mirosław Natalia Norbert Oliwia
Paweł
Patryk Paulina Piotr Przemysław Rafał Regina Ryszard Sebastian Sławomir Stanisława Stefan Sylwia Szymon Tadeusz Teresa
Tomasz Urszula
Waldemar Wanda Wiesława Wiesław Wiktor Wioletta Witold Władysław Wojciech Zbigniew Zofia Zygmunt Żaneta Stanisław Ola
Kasia Basia
Gosia Krzysiek Tomek Bartek Asia Zosia
"""
_ENGLISH = """
Alan Alex Alexander Alison Amanda Amy Andrew Angela Ann Anne Anthony Ashley Benjamin Brian Caroline Catherine Charles
Charlotte
Chris Christine Christopher Claire Daniel David Deborah Diana Donna Edward Elizabeth Emily Emma Frank George Graham
Hannah Harry
Helen Henry Ian Jack Jacob James Jane Janet Jason Jennifer Jessica Joanne John Jonathan Joseph Joshua Julie Karen Kate
Katherine
Kathleen Keith Kelly Kenneth Kevin Laura Lauren Linda Lisa Louise Lucy Luke Margaret Mark Martin Mary Matthew Megan
Michael
Michelle Nancy Natalie Nathan Nicholas Nicola Nicole Oliver Olivia Pamela Patricia Patrick Paul Peter Philip Rachel
Rebecca
Richard Robert Roger Ronald Ryan Samantha Samuel Sandra Sarah Scott Sharon Simon Sophie Stephanie Stephen Steven
Stuart Susan
Thomas Timothy Tom Tracey Victoria William
"""
_FORMS = {form: name for name in (_CZECH + _POLISH + _ENGLISH).split() for form in forms_of(name)}


def is_given_name(folded: str) -> bool:
    """Whether this word, folded, is a given name in one of its cases."""
    return folded in _FORMS
